import type { Command } from "commander";
import { z } from "zod";
import { callControlPlane } from "#agent";
import { type ApprovalStatus, approvalStatus } from "#api";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { printableJson } from "#lib/printable";
import type { Secret } from "#lib/secret";
import { agentSignIn } from "../agent-sign-in.ts";
import type { CommandTools } from "../command-tools.ts";
import { exitCodes } from "../exit-codes.ts";
import { readHelperToken } from "../helper-token.ts";
import { findServer, type Server } from "../server.ts";
import type { Settings } from "../settings.ts";
import { inMood, moment, parseDuration, printable } from "../text.ts";

export function addWaitCommand(program: Command, tools: CommandTools): void {
  tools
    .add(program, "wait", "wait until somebody has decided about an approval request")
    .argument("<id>", "the id that the refusal named, apr_…")
    .option("--max <duration>", "wait at most this long: 25s, 30m, 2h", "30m")
    .option("--as <email>", "a person of the development identity provider")
    .action(tools.action(wait))
    .addHelpText(
      "after",
      `
Exit status: 0 approved, run the same command again; 3 denied; 4 expired; 75 still waiting.
An agent whose shell stops commands early waits with --max 25s, or in the background.

Examples:
  gatehouse wait apr_0199c2…
  gatehouse wait apr_0199c2… --max 25s`,
    );
}

const waitOptions = z.object({ max: z.string(), as: z.string().optional() });

async function wait(settings: Settings, command: Command): Promise<number> {
  const { max, as: person } = waitOptions.parse(command.opts());
  const id = approvalId(command.args[0]);
  const maxMs = parseDuration(max);
  if (maxMs === undefined) throw usage(`--max ${max} is not a duration. Write 25s, 30m or 2h.`);
  const server = await findServer(settings);
  const bearer = await bearerFor(server, person, settings);
  return follow({ server, bearer, id, settings, maxMs });
}

/** Inside `gatehouse run` the run's own session asks, whoever has signed in outside it. */
async function bearerFor(server: Server, person: string | undefined, settings: Settings): Promise<Secret> {
  const own =
    person === undefined ? await readHelperToken(server.url, settings.terminal.environment) : undefined;
  return own ?? (await agentSignIn(server, person, settings.terminal)).token;
}

interface Watch {
  readonly server: Server;
  readonly bearer: Secret;
  readonly id: string;
  readonly settings: Settings;
  readonly maxMs: number;
}

/** Slice by slice, telling each change of state once. */
async function follow(watch: Watch): Promise<number> {
  const { clock } = watch.settings.terminal;
  const endsAtMs = clock.monotonicMs() + watch.maxMs;
  let told: string | undefined;
  for (;;) {
    const leftMs = Math.max(0, endsAtMs - clock.monotonicMs());
    const status = await ask(watch, Math.min(leftMs, limits.waitSliceMs));
    if (status.state !== told) tell(status, watch.settings);
    told = status.state;
    const outcome = outcomeOf(status);
    if (outcome !== undefined) return outcome;
    if (clock.monotonicMs() >= endsAtMs) return exitCodes.stillWaiting;
  }
}

function ask({ server, bearer, id }: Watch, sliceMs: number): Promise<ApprovalStatus> {
  const seconds = Math.ceil(sliceMs / 1000);
  return callControlPlane({
    url: server.url,
    path: `/api/v1/approvals/${id}/status?wait=${seconds}`,
    bearer,
    answer: approvalStatus,
    timeoutMs: sliceMs + limits.controlTimeoutMs,
  });
}

function outcomeOf({ state }: ApprovalStatus): number | undefined {
  switch (state) {
    case "pending":
      return undefined;
    case "approved":
    case "executing":
    case "executed":
      return exitCodes.ok;
    case "denied":
    case "cancelled":
      return exitCodes.denied;
    case "expired":
    case "lapsed":
      return exitCodes.expired;
    case "unknown":
      return exitCodes.failed;
  }
}

function tell(status: ApprovalStatus, settings: Settings): void {
  const { terminal, isJson } = settings;
  const outcome = outcomeOf(status);
  const mood = outcome === undefined ? "open" : outcome === exitCodes.ok ? "good" : "bad";
  const line = inMood(mood, `${status.id}: ${sentence(status)}`, settings);
  terminal.out(isJson ? printableJson(status) : line);
}

function sentence(status: ApprovalStatus): string {
  switch (status.state) {
    case "pending":
      return `waiting for a decision until ${moment(status.decideBy)}. Nothing has been executed.`;
    case "approved":
      return "approved. Run the same command again, unchanged.";
    case "executing":
      return "approved, and being executed now.";
    case "executed":
      return "approved and already executed. The same command would be a new request.";
    case "denied":
      return `denied${status.denialReason === undefined ? "" : `: ${printable(status.denialReason)}`}. Do not try it again.`;
    case "cancelled":
      return "cancelled. Nothing has been executed.";
    case "expired":
      return "expired: nobody decided in time. Nothing has been executed.";
    case "lapsed":
      return "lapsed: it was approved, but not used in time. Nothing has been executed.";
    case "unknown":
      return "sent to Google, but its outcome is not known. Look before you try it again.";
  }
}

/** The id becomes part of a path, so it is what ids are made of and nothing else. */
export function approvalId(text: string | undefined): string {
  if (text !== undefined && /^apr_[A-Za-z0-9]+$/.test(text)) return text;
  throw usage(`${text ?? ""} is not the id of an approval request; those look like apr_0199….`);
}

function usage(message: string): GatehouseError {
  return new GatehouseError("usage_invalid", message);
}
