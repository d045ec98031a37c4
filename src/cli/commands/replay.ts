import type { Command } from "commander";
import { z } from "zod";
import {
  type ExchangeDetail,
  type ExchangeSummary,
  exchangeSummary,
  type RecordedMessage,
  type SessionDetail,
} from "#api";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { CommandTools } from "../command-tools.ts";
import { requireEntryWord } from "../entry-word.ts";
import { erasureText } from "../erasure-text.ts";
import { earlierText, openSessionReader, type SessionReader } from "../session-reader.ts";
import type { Settings } from "../settings.ts";
import { inMood, moment, parseDuration, printable } from "../text.ts";
import { exchangeBefore, sessionId } from "./session-id.ts";

/** `gatehouse sessions replay ID`: a session exchange by exchange, in the time it took or faster, as it was recorded. */
export function addReplayCommand(sessions: Command, { add, action }: CommandTools): void {
  add(sessions, "replay", "step through a session as it happened, with what was sent and answered, masked")
    .argument("<id>")
    .option("--speed <factor>", "how much faster than it was: 1, 10, 0.5; 0 does not wait at all", "1")
    .option("--skip-idle <duration>", "never wait longer than this between two exchanges: 2s, 1m", "3s")
    .option("--step", "wait for Enter after each exchange instead")
    .option("--bodies <how>", "none, short (the first 20 lines) or full", "short")
    .option("--operation <text>", "only operations whose id contains this")
    .option("--class <class>", "only this risk class: read, write, destructive, …")
    .option("--decision <decision>", "only this decision: allow, require_approval, policy_denied, …")
    .option("--outcome <outcome>", "only answered, refused, aborted, unknown or running")
    .option(
      "--before <exchange>",
      "only what was before this exchange, where a session has more than one answer",
    )
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText("after", examples)
    .action(action(replay));
}

const examples = `
Examples:
  gatehouse sessions replay ses_0199c2…
  gatehouse sessions replay ses_0199c2… --speed 20 --skip-idle 1s --class destructive
  gatehouse sessions replay ses_0199c2… --step --bodies full
  gatehouse sessions replay ses_0199c2… --json           (one exchange a line, without waiting)`;

const text = z.string().optional();
const options = z.object({
  speed: z.coerce.number().min(0).max(1_000_000),
  skipIdle: z.string(),
  step: z.boolean().default(false),
  bodies: z.enum(["none", "short", "full"]),
  operation: text,
  class: text,
  decision: text,
  outcome: exchangeSummary.shape.outcome.optional(),
  before: text,
  as: text,
});
type Options = z.infer<typeof options>;

async function replay(settings: Settings, command: Command): Promise<void> {
  const id = sessionId(command.args[0]);
  const how = parseOptions(command.opts());
  const idleMsMax = parseDuration(how.skipIdle);
  if (idleMsMax === undefined) throw usage(`--skip-idle ${how.skipIdle} is not a duration. Write 2s or 1m.`);
  const page = exchangeBefore(how.before);
  const reader = await openSessionReader(how.as, settings);
  const session = await reader.session(id, page);
  const shown = session.exchanges.filter((exchange) => fits(exchange, how));
  const { terminal, isJson } = settings;
  if (isJson) {
    for (const exchange of shown) terminal.out(printableJson(await reader.exchange(id, exchange.id)));
    if (session.next !== undefined) terminal.err(earlierText(session.next));
    return;
  }
  terminal.out(headline(session, shown.length));
  let before = session.startedAt;
  for await (const { at, said } of readAhead(shown, session, { how, settings, reader })) {
    if (!how.step) await terminal.pause(waitMs({ before, after: at }, how.speed, idleMsMax));
    terminal.out(said);
    if (how.step) await terminal.enter();
    before = at;
  }
  if (session.stoppedAt !== undefined) terminal.out(`\nStopped at ${moment(session.stoppedAt)}.`);
}

function parseOptions(given: unknown): Options {
  const parsed = options.safeParse(given);
  if (parsed.success) {
    requireEntryWord("class", parsed.data.class);
    // What broke before anything was decided.
    if (parsed.data.decision !== "none") requireEntryWord("decision", parsed.data.decision);
    return parsed.data;
  }
  throw usage(
    "--speed takes a number that is not negative; --bodies none, short or full; --outcome answered, refused, aborted, unknown or running.",
  );
}

interface Showing {
  readonly how: Options;
  readonly settings: Settings;
  readonly reader: SessionReader;
}

/** Characters that are held to be printed later: with the first lines of bodies alone some thousands of exchanges. */
const heldCharsMax = 32 * 1024 * 1024;

/**
 * What is printed of each exchange, in order, read as long before its turn as fits into memory: a sign-in shows recordings
 * for five minutes, and a replay takes as long as the session did.
 */
async function* readAhead(
  exchanges: readonly ExchangeSummary[],
  session: SessionDetail,
  showing: Showing,
): AsyncGenerator<{ readonly at: string; readonly said: string }> {
  const held: { readonly at: string; readonly said: string }[] = [];
  let chars = 0;
  for (const summary of exchanges) {
    while (chars >= heldCharsMax) {
      const first = held.shift();
      if (first === undefined) break;
      chars -= first.said.length;
      yield first;
    }
    const isBare = showing.how.bodies === "none";
    const exchange = isBare ? summary : await showing.reader.exchange(session.id, summary.id);
    const said = exchangeText(exchange, session, showing);
    held.push({ at: summary.at, said });
    chars += said.length;
  }
  yield* held;
}

function fits(exchange: ExchangeSummary, filter: Options): boolean {
  const { operation, class: riskClass, decision, outcome } = filter;
  return (
    (operation === undefined || exchange.operation?.includes(operation) === true) &&
    (riskClass === undefined || exchange.class === riskClass) &&
    (decision === undefined || exchange.decision === decision) &&
    (outcome === undefined || exchange.outcome === outcome)
  );
}

/** A clock that went back is no reason to wait. */
function waitMs(
  { before, after }: { before: string; after: string },
  speed: number,
  idleMsMax: number,
): number {
  if (speed === 0) return 0;
  const passedMs = Math.max(0, Date.parse(after) - Date.parse(before));
  return Math.min(passedMs / speed, idleMsMax);
}

function headline(session: SessionDetail, shown: number): string {
  const { id, principal, agent, startedAt, exchanges } = session;
  const person =
    session.erasure === undefined ? (principal.email ?? principal.subject) : "somebody whose name was erased";
  const who = printable(`${person} with ${agent}`);
  const line = `${id}: ${who}, started ${moment(startedAt)}; ${shown} of ${exchanges.length} exchanges`;
  if (session.erasure !== undefined)
    return `${line}\nIts recordings were erased ${oneLine(erasureText(session.erasure))}.`;
  return session.next === undefined ? line : `${line}\n${earlierText(session.next)}`;
}

function exchangeText(
  exchange: ExchangeDetail,
  { startedAt }: SessionDetail,
  { how, settings }: Showing,
): string {
  const { method, host, operation, resource, approvalId, maskedValues } = exchange;
  const what = `${operation ?? `${method} ${host}`}${resource === undefined || resource === "" ? "" : ` on ${resource}`}`;
  const masked = maskedValues === 0 ? "" : `, ${maskedValues} masked`;
  const approval = approvalId === undefined ? "" : `, ${approvalId}`;
  const lines = [
    `\n[${sinceText(startedAt, exchange.at)}] ${oneLine(what)}`,
    inMood(moodOf(exchange), oneLine(`${resultText(exchange)}${masked}${approval}`), settings),
    ...messageLines(">", exchange.request, how.bodies),
    ...messageLines("<", exchange.answer, how.bodies),
  ];
  return lines.join("\n");
}

function resultText({ decision, reasons, outcome, status }: ExchangeSummary): string {
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  return `${decision}${why}: ${outcome}${status === undefined ? "" : ` ${status}`}`;
}

function moodOf({ outcome }: ExchangeSummary): "good" | "bad" | "open" {
  if (outcome === "answered") return "good";
  return outcome === "running" ? "open" : "bad";
}

const shortLinesMax = 20;

/** Somebody else's words: every line is marked, so that none passes for one of ours. */
function messageLines(
  mark: string,
  message: RecordedMessage | undefined,
  bodies: Options["bodies"],
): readonly string[] {
  if (message === undefined || bodies === "none") return [];
  const { startLine, headers, body, encoding, isTruncated } = message;
  const content = encoding === "base64" ? `(${body.length} characters of base64) ${body}` : body;
  const lines = [startLine, ...headers.map(([name, value]) => `${name}: ${value}`), ...bodyLines(content)];
  const most = bodies === "full" ? lines.length : shortLinesMax;
  const cut = lines.length - most;
  return [
    ...lines.slice(0, most).map((line) => `  ${mark} ${shortened(printable(line), bodies)}`),
    ...(cut > 0 ? [`  ${mark} … ${cut} more lines: --bodies full`] : []),
    ...(isTruncated ? [`  ${mark} … only the beginning was recorded`] : []),
  ];
}

function bodyLines(body: string): readonly string[] {
  return body === "" ? [] : ["", ...body.replace(/\n$/, "").split("\n")];
}

const shortCharsMax = 200;

function shortened(line: string, bodies: Options["bodies"]): string {
  return bodies === "full" || line.length <= shortCharsMax ? line : `${line.slice(0, shortCharsMax)}…`;
}

function oneLine(said: string): string {
  return printable(said).replace(/[\n\t]/g, " ");
}

/** `+h:mm:ss` since the session began. */
function sinceText(start: string, at: string): string {
  const seconds = Math.max(0, Math.floor((Date.parse(at) - Date.parse(start)) / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `+${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function usage(message: string): GatehouseError {
  return new GatehouseError("usage_invalid", message);
}
