import type { Command } from "commander";
import { z } from "zod";
import { callControlPlane } from "#agent";
import { type ApprovalDetail, approvalDetail, approvalList, type VoteRequest } from "#api";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { Secret } from "#lib/secret";
import type { CommandTools } from "../command-tools.ts";
import { consoleSignIn } from "../console-sign-in.ts";
import { findServer } from "../server.ts";
import type { Settings } from "../settings.ts";
import { facts, inMood, moment, quoted, table } from "../text.ts";
import { approvalId } from "./wait.ts";

export function addApprovalCommands(program: Command, tools: CommandTools): void {
  const approvals = program
    .command("approvals")
    .description("see what waits for a decision, and decide (needs a fresh sign-in)")
    .addHelpText("afterAll", examples);
  withAs(tools.add(approvals, "list", "list approval requests")).action(tools.action(list));
  withAs(tools.add(approvals, "show", "show one in full"))
    .argument("<id>")
    .action(tools.action(show));
  withAs(tools.add(approvals, "approve", "let it happen, once"))
    .argument("<id>")
    .option("--reason <text>", "kept in the record")
    .action(tools.action((settings, command) => vote("approve", settings, command)));
  withAs(tools.add(approvals, "deny", "refuse it; the reason reaches the agent"))
    .argument("<id>")
    .option("--reason <text>", "what the agent is told")
    .action(tools.action((settings, command) => vote("deny", settings, command)));
}

const examples = `
Examples:
  gatehouse approvals list
  gatehouse approvals show apr_0199c2…
  gatehouse approvals approve apr_0199c2… --reason "Ticket 4711"
  gatehouse approvals deny apr_0199c2… --reason "Not during the freeze."`;

function withAs(command: Command): Command {
  return command.option("--as <email>", "a person of the development identity provider");
}

const voteOptions = z.object({ as: z.string().optional(), reason: z.string().max(500).optional() });

interface Desk {
  readonly url: string;
  readonly bearer: Secret;
}

async function openDesk(settings: Settings, command: Command): Promise<Desk> {
  const { as: person } = voteOptions.parse(command.opts());
  const server = await findServer(settings);
  const { idToken } = await consoleSignIn(server, person, settings.terminal);
  return { url: server.url, bearer: idToken };
}

async function list(settings: Settings, command: Command): Promise<void> {
  const desk = await openDesk(settings, command);
  const answer = await callControlPlane({ ...desk, path: "/api/v1/approvals", answer: approvalList });
  if (settings.isJson) settings.terminal.out(printableJson(answer));
  else settings.terminal.out(listText(answer.approvals));
}

function listText(approvals: readonly ApprovalDetail[]): string {
  if (approvals.length === 0) return "Nothing waits for a decision.";
  return table(
    ["ID", "STATE", "OPERATION", "RESOURCE", "REQUESTER", "DECIDE BY"],
    approvals.map((each) => [
      each.id,
      each.state,
      each.operation,
      each.resource,
      requesterOf(each),
      moment(each.decideBy),
    ]),
  );
}

async function show(settings: Settings, command: Command): Promise<void> {
  const id = approvalId(command.args[0]);
  const desk = await openDesk(settings, command);
  const detail = await read(desk, id);
  settings.terminal.out(settings.isJson ? printableJson(detail) : detailText(detail));
}

function read(desk: Desk, id: string): Promise<ApprovalDetail> {
  return callControlPlane({ ...desk, path: `/api/v1/approvals/${id}`, answer: approvalDetail });
}

export function detailText(detail: ApprovalDetail): string {
  const lines = facts([
    ["Approval request", detail.id],
    ["State", detail.state],
    ["Operation", `${detail.operation} (${detail.class})`],
    ["Resource", detail.resource],
    ["Requester", requesterOf(detail)],
    ["Agent", detail.agent],
    ["Connection", detail.connection],
    ["Asked", moment(detail.createdAt)],
    ["Decide by", moment(detail.decideBy)],
    ["Execute by", detail.executeBy === undefined ? undefined : moment(detail.executeBy)],
    ["Needs", detail.requirements.map(requirementText).join("; ")],
    ["Votes", votesText(detail)],
    ["Denied because", detail.denialReason],
    ["Fingerprint", detail.fingerprint],
  ]);
  return `${lines}\n\n${quoted(detail.preview)}`;
}

function requesterOf({ requester }: ApprovalDetail): string {
  return requester.email ?? requester.subject;
}

function requirementText(requirement: ApprovalDetail["requirements"][number]): string {
  const { approvals, groups, each, policy, rule } = requirement;
  const everyGroup = each > 0 ? `, ${each} from each` : "";
  return `${approvals} of ${groups.join(", ")}${everyGroup} (${policy}/${rule})`;
}

function votesText({ votes }: ApprovalDetail): string | undefined {
  if (votes.length === 0) return undefined;
  return votes.map(({ approver, verdict, at }) => `${verdict} by ${approver}, ${moment(at)}`).join("; ");
}

async function vote(verdict: VoteRequest["verdict"], settings: Settings, command: Command): Promise<void> {
  const id = approvalId(command.args[0]);
  const parsed = voteOptions.safeParse(command.opts());
  if (!parsed.success) throw new GatehouseError("usage_invalid", "--reason takes at most 500 characters.");
  const desk = await openDesk(settings, command);
  const detail = await read(desk, id);
  if (!settings.isJson) settings.terminal.out(`${detailText(detail)}\n`);
  // The vote names what is on the screen; if the request is another by now, it does not count.
  const ballot: VoteRequest = {
    verdict,
    fingerprint: detail.fingerprint,
    ...(parsed.data.reason === undefined ? {} : { reason: parsed.data.reason }),
  };
  await callControlPlane({
    ...desk,
    path: `/api/v1/approvals/${id}/votes`,
    json: ballot,
    answer: z.unknown(),
  });
  const after = await read(desk, id);
  const cast =
    verdict === "approve"
      ? inMood("good", "You approved it.", settings)
      : inMood("bad", "You denied it.", settings);
  if (settings.isJson) settings.terminal.out(printableJson(after));
  else settings.terminal.out(`${cast} The request is now ${after.state}.`);
}
