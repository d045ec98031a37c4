// The words an entry may say where it says one of few. One list each: what writes entries is typed by them, and what searches
// refuses any other, since a mistyped word would find nothing and look like nothing happened.

/** The kinds of things that are on record; docs/audit-log.md says when. Kinds are only ever added. */
export const entryKinds = [
  "log.open",
  "exchange.intent",
  "exchange.outcome",
  "exchange.aborted",
  "exchange.refused",
  "outcome.unknown",
  "approval.requested",
  "approval.vote",
  "approval.decided",
  "approval.expired",
  "session.opened",
  "session.ended",
  "session.stopped",
  "auth.refused",
  "auth.signed_in",
  "auth.signed_out",
  "policy.change",
  "policy.refused",
  "masking.change",
  "connection.change",
  "config.change",
  "config.refused",
  "audit.read",
  "audit.read_denied",
  "audit.export",
  "sink.moved",
  "audit.act_denied",
  "hold.set",
  "hold.release_requested",
  "hold.release",
  "erase.requested",
  "key.shred",
  "server.start",
  "server.stop",
  "witness.refused",
  "archive.contradicted",
] as const;

/** How bad an operation can be, in order; `unknown` fails closed. */
export const riskClasses = ["read", "write", "destructive", "privileged", "secret_read", "unknown"] as const;

/** What a policy decides. */
export const effects = ["allow", "deny", "require_approval"] as const;

/** What an approver says. */
export const verdicts = ["approve", "deny"] as const;

/** What can become of an approval request. */
export const approvalStates = [
  "pending",
  "approved",
  "denied",
  "expired",
  "cancelled",
  "executing",
  "executed",
  "lapsed",
  "unknown",
] as const;

/** Why an exchange does not go through. Stable: agents, dashboards and the log rely on these names. */
export const refusalCodes = [
  // arrival
  "malformed",
  "misdirected",
  "wrong_form",
  "draining",
  // identify
  "missing",
  "invalid",
  "expired",
  "session_ended",
  "google_credential",
  "identities_disagree",
  "provider_unavailable",
  "groups_overage",
  "not_permitted",
  "too_many_sessions",
  "too_many_exchanges",
  // understand, decide
  "unknown_host",
  "unknown_method",
  "ambiguous_path",
  "override_refused",
  "parameter_refused",
  "batch_refused",
  "token_endpoint",
  "capability_unknown",
  "no_connection",
  "ambiguous_connection",
  "outside_connection",
  "policy_denied",
  // approve
  "approval_pending",
  "approval_denied",
  "approval_expired",
  "approval_used",
  "approval_body_too_large",
  "too_many_approvals",
  "client_gone",
  "body_too_large",
  "body_unreadable",
  // record, forward, mask
  "not_recordable",
  "credential_unavailable",
  "upstream_failed",
  "upstream_timeout",
  "answer_withheld",
  "internal",
] as const;

/** Why a CONNECT is turned away, besides what refuses exchanges. */
export const tunnelRefusals = ["too_many_tunnels"] as const;

/** Why recordings were erased. */
export const erasureCauses = ["erasure", "retention"] as const;

/** All that an entry may say was decided. */
export const entryDecisions: readonly EntryDecision[] = [
  ...new Set([
    ...effects,
    ...verdicts,
    ...approvalStates,
    ...refusalCodes,
    ...tunnelRefusals,
    ...erasureCauses,
  ]),
];
export type EntryDecision =
  | (typeof effects)[number]
  | (typeof verdicts)[number]
  | (typeof approvalStates)[number]
  | (typeof refusalCodes)[number]
  | (typeof tunnelRefusals)[number]
  | (typeof erasureCauses)[number];

const wordsOf = {
  kind: entryKinds,
  class: riskClasses,
  decision: entryDecisions,
} satisfies Record<string, readonly string[]>;
export type WordName = keyof typeof wordsOf;

/** Why no entry can have this kind, class or decision, with the word that was probably meant; `undefined` when one can. */
export function wordProblem(name: WordName, given: string): string | undefined {
  return unknownWord(`${name} of an entry`, given, wordsOf[name]);
}

/** The same for any closed list. What was given is a stranger's, and may be long. */
export function unknownWord(what: string, given: string, words: readonly string[]): string | undefined {
  if (words.includes(given)) return undefined;
  const shown = given.length <= shownCharsMax ? given : `${given.slice(0, shownCharsMax)}…`;
  const nearest = nearestOf(given, words);
  const instead = nearest === undefined ? `Those are ${words.join(", ")}.` : `Did you mean ${nearest}?`;
  return `"${shown}" is no ${what}. ${instead}`;
}

const shownCharsMax = 60;
const mistakesMax = 3;

/** With at most three mistakes, and fewer than a third of the word; of equals the first. */
function nearestOf(given: string, words: readonly string[]): string | undefined {
  if (given.length > shownCharsMax) return undefined;
  const near = words
    .map((word) => ({ word, mistakes: mistakesBetween(given.toLowerCase(), word) }))
    .filter(({ word, mistakes }) => mistakes <= Math.min(mistakesMax, word.length / 3))
    .sort((one, other) => one.mistakes - other.mistakes);
  return near[0]?.word;
}

/** Letters to be added, left out or replaced (Levenshtein). */
function mistakesBetween(given: string, word: string): number {
  const row = Array.from({ length: word.length + 1 }, (_, column) => column);
  for (const [place, letter] of [...given].entries()) {
    let corner = place;
    row[0] = place + 1;
    for (let column = 1; column <= word.length; column += 1) {
      const above = row[column] ?? 0;
      const replaced = corner + (word[column - 1] === letter ? 0 : 1);
      row[column] = Math.min(above + 1, (row[column - 1] ?? 0) + 1, replaced);
      corner = above;
    }
  }
  return row[word.length] ?? 0;
}
