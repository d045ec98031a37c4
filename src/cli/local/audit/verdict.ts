import type { Breach, LogVerification, Undecided } from "#audit";
import { exitCodes } from "#cli";
import { GatehouseError } from "#lib/errors";
import type { TilesVerification } from "#tlog";

/** What entries say of holds and erasures, and what it comes to. */
export interface RulesFindings {
  readonly breaches: readonly Breach[];
  readonly undecided: readonly Undecided[];
}

/** What was found of a log, wherever it lay: of tiles the rules are judged by the entries alone. */
export type Found = LogVerification | TilesFound;
export type TilesFound =
  | (Extract<TilesVerification, { readonly kind: "verified" }> &
      RulesFindings & {
        /** Entries in no form that this version knows. */
        readonly unreadEntries: number;
      })
  | Extract<TilesVerification, { readonly kind: "broken" }>;

/**
 * `broken`: not what was signed. `against_rules`: what was signed, and it tells of a breach. `not_opened`: something that
 * should have been opened was not, so nobody knows what is in it.
 */
export type Verdict = "verified" | "broken" | "against_rules" | "not_opened";

/** Whether what entries commit to has to be opened; `as_far_as_keys`: where there are keys, all of it. */
export type Demanded = "all" | "as_far_as_keys" | "whatever_opens";

/** Throws `usage_invalid` when both are asked for. */
export function demandedOpening(given: {
  readonly allOpened?: boolean | undefined;
  readonly allowUnopened?: boolean | undefined;
}): Demanded {
  if (given.allOpened === true && given.allowUnopened === true)
    throw new GatehouseError("usage_invalid", "--all-opened and --allow-unopened exclude each other.");
  if (given.allOpened === true) return "all";
  return given.allowUnopened === true ? "whatever_opens" : "as_far_as_keys";
}

export function verdictOf(found: Found, demanded: Demanded): Verdict {
  if (found.kind === "broken") return "broken";
  if (found.breaches.length > 0) return "against_rules";
  if ("tiles" in found) return "verified";
  return isOpenedAs(demanded, found) ? "verified" : "not_opened";
}

function isOpenedAs(
  demanded: Demanded,
  { unopenedAttachments, hasKeys }: Extract<LogVerification, { kind: "verified" }>,
): boolean {
  if (unopenedAttachments === 0 || demanded === "whatever_opens") return true;
  return demanded === "as_far_as_keys" && !hasKeys;
}

const exitCodeOf = {
  verified: exitCodes.ok,
  broken: exitCodes.notVerified,
  against_rules: exitCodes.againstRules,
  not_opened: exitCodes.notOpened,
} as const satisfies Record<Verdict, number>;

export function exitCodeOfVerdict(verdict: Verdict): number {
  return exitCodeOf[verdict];
}
