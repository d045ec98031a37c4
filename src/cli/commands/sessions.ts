import type { Command } from "commander";
import { z } from "zod";
import { callControlPlane } from "#agent";
import {
  type ExchangeSummary,
  type SessionDetail,
  type SessionSummary,
  sessionList,
  sessionsStopped,
} from "#api";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { Secret } from "#lib/secret";
import type { CommandTools } from "../command-tools.ts";
import { consoleSignIn } from "../console-sign-in.ts";
import { erasureText } from "../erasure-text.ts";
import { findServer } from "../server.ts";
import { earlierText, openSessionReader, type SessionReader } from "../session-reader.ts";
import type { Settings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { facts, moment, table } from "../text.ts";
import { addReplayCommand } from "./replay.ts";
import { exchangeBefore, sessionId } from "./session-id.ts";

export function addSessionCommands(program: Command, tools: CommandTools): void {
  const sessions = program
    .command("sessions")
    .description("look at agents' sessions, and stop them (needs a fresh sign-in)")
    .addHelpText("after", examples);
  const as = "a person of the development identity provider";
  tools
    .add(sessions, "list", "list sessions, the newest first")
    .option("--as <email>", as)
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse sessions list\n  gatehouse sessions list --json | jq -r .[0].id",
    )
    .action(tools.action(list));
  tools
    .add(sessions, "show", "show a session and its exchanges; --json includes the recordings")
    .argument("<id>")
    .option(
      "--before <exchange>",
      "only what was before this exchange, where a session has more than one answer",
    )
    .option("--as <email>", as)
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse sessions show ses_0199c2…\n  gatehouse sessions show ses_0199c2… --json",
    )
    .action(tools.action(show));
  tools
    .add(sessions, "stop", "end sessions at once, open streams included")
    .argument("[id]", "one session")
    .option("--principal <who>", "all of one principal, by e-mail or id, and the logins of their machines")
    .option("--issuer <issuer>", "all of the people of one identity provider, and their logins")
    .option("--all", "all sessions, and the logins of all machines")
    .option("--as <email>", as)
    .addHelpText(
      "after",
      "\nExamples:\n  gatehouse sessions stop ses_0199c2…\n  gatehouse sessions stop --principal developer@example.com",
    )
    .action(tools.action(stop));
  addReplayCommand(sessions, tools);
}

const examples = `
Examples:
  gatehouse sessions list
  gatehouse sessions show ses_0199c2… --json
  gatehouse sessions replay ses_0199c2… --speed 10
  gatehouse sessions stop ses_0199c2…
  gatehouse sessions stop --principal developer@example.com
  gatehouse sessions stop --issuer https://login.example.com

Auditors see all sessions; others their own, where audit.own_sessions is on. Each look is an entry of the log.`;

const asOption = z.object({ as: z.string().optional() });

async function open(settings: Settings, command: Command): Promise<{ url: string; bearer: Secret }> {
  const { as: person } = asOption.parse(command.opts());
  const server = await findServer(settings);
  const { idToken } = await consoleSignIn(server, person, settings.terminal);
  return { url: server.url, bearer: idToken };
}

const showOptions = asOption.extend({ before: z.string().optional() });

async function list(settings: Settings, command: Command): Promise<void> {
  const access = await open(settings, command);
  const answer = await callControlPlane({ ...access, path: "/api/v1/sessions", answer: sessionList });
  settings.terminal.out(settings.isJson ? printableJson(answer) : listText(answer.sessions, settings));
}

function listText(sessions: readonly SessionSummary[], { terminal }: Settings): string {
  if (sessions.length === 0) return "There are no sessions yet. Next: gatehouse run -- gcloud projects list";
  return table(
    ["ID", "PRINCIPAL", "AGENT", "STARTED", "STATE"],
    sessions.map((each) => [each.id, principalOf(each), each.agent, moment(each.startedAt), each.state]),
    terminal.screenColumns,
  );
}

function principalOf({ principal }: SessionSummary): string {
  return principal.email ?? principal.subject;
}

async function show(settings: Settings, command: Command): Promise<void> {
  const id = sessionId(command.args[0]);
  const { as: person, before: named } = showOptions.parse(command.opts());
  const before = exchangeBefore(named);
  const reader = await openSessionReader(person, settings);
  const detail = await reader.session(id, before);
  if (settings.isJson) await printWithRecordings(detail, reader, settings.terminal);
  else settings.terminal.out(detailText(detail, settings));
}

/** One document, an exchange at a time: all recordings of a session may be more than fits into memory. */
async function printWithRecordings(
  { exchanges, ...session }: SessionDetail,
  reader: SessionReader,
  terminal: Terminal,
): Promise<void> {
  const frame = printableJson({ ...session, exchanges: [] });
  if (exchanges.length === 0) {
    terminal.out(frame);
    return;
  }
  const tail = "]}";
  terminal.out(frame.slice(0, -tail.length));
  for (const [at, { id }] of exchanges.entries()) {
    const exchange = printableJson(await reader.exchange(session.id, id));
    terminal.out(at + 1 < exchanges.length ? `${exchange},` : exchange);
  }
  terminal.out(tail);
}

function detailText(detail: SessionDetail, settings: Settings): string {
  const about = facts([
    ["Session", detail.id],
    ["Principal", principalOf(detail)],
    ["Agent", detail.agent],
    ["Started", moment(detail.startedAt)],
    ["Ends", moment(detail.endsAt)],
    ["Stopped", detail.stoppedAt === undefined ? undefined : moment(detail.stoppedAt)],
    ["State", detail.state],
    ["Erased", detail.erasure === undefined ? undefined : erasureText(detail.erasure)],
  ]);
  if (detail.exchanges.length === 0) return `${about}\n\nNo exchanges yet.`;
  const earlier = detail.next === undefined ? "" : `\n\n${earlierText(detail.next)}`;
  return `${about}\n\n${exchangesText(detail.exchanges, settings)}${earlier}`;
}

function exchangesText(exchanges: readonly ExchangeSummary[], { terminal }: Settings): string {
  return table(
    ["TIME", "OPERATION", "RESOURCE", "DECISION", "OUTCOME", "MASKED", "EXCHANGE"],
    exchanges.map((each) => [
      each.at.slice(11, 19),
      each.operation ?? `${each.method} ${each.host}`,
      each.resource ?? "",
      each.reasons.length === 0 ? each.decision : `${each.decision} (${each.reasons.join(", ")})`,
      each.status === undefined ? each.outcome : `${each.outcome} ${each.status}`,
      String(each.maskedValues),
      each.id,
    ]),
    terminal.screenColumns,
  );
}

const stopOptions = z.object({
  principal: z.string().min(1).optional(),
  issuer: z.string().min(1).optional(),
  all: z.boolean().optional(),
});

async function stop(settings: Settings, command: Command): Promise<void> {
  const { principal, issuer, all } = stopOptions.parse(command.opts());
  const named = [command.args[0], principal, issuer, all].filter((each) => each !== undefined);
  if (named.length !== 1) {
    throw new GatehouseError(
      "usage_invalid",
      "Name one session, or --principal, or --issuer, or --all; only one of them.",
    );
  }
  if (principal !== undefined) await stopMany(settings, command, { principal });
  else if (issuer !== undefined) await stopMany(settings, command, { issuer });
  else if (all === true) await stopMany(settings, command, { all });
  else await stopOne(settings, command);
}

async function stopMany(settings: Settings, command: Command, which: object): Promise<void> {
  const access = await open(settings, command);
  const stopped = await callControlPlane({
    ...access,
    path: "/api/v1/sessions/stop",
    json: which,
    answer: sessionsStopped,
  });
  const { sessions, logins, browsers } = stopped;
  const text = `Sessions stopped: ${sessions.length}. Machines that have to sign in again: ${logins}; browsers: ${browsers}.`;
  settings.terminal.out(settings.isJson ? printableJson(stopped) : text);
}

async function stopOne(settings: Settings, command: Command): Promise<void> {
  const id = sessionId(command.args[0]);
  const access = await open(settings, command);
  await callControlPlane({ ...access, path: `/api/v1/sessions/${id}/stop`, json: {}, answer: z.unknown() });
  const text = settings.isJson ? printableJson({ id, state: "stopped" }) : `Session ${id} is stopped.`;
  settings.terminal.out(text);
}
