import type { Command } from "commander";
import { z } from "zod";
import { GatehouseError, messageOf } from "#lib/errors";
import type { CommandTools } from "../command-tools.ts";
import {
  failureAnswer,
  type LibraryQuestion,
  libraryQuestion,
  type SubjectToken,
  successAnswer,
} from "../executable-answer.ts";
import { exitCodes } from "../exit-codes.ts";
import { gitHubToken } from "../github-actions.ts";
import type { Settings } from "../settings.ts";
import { readSocketToken } from "../socket-token.ts";

export function addTokenCommand(program: Command, tools: CommandTools): void {
  tools
    .add(program, "token", "print a token as Google's libraries take it from an executable source (AIP-4117)")
    .option("--socket <path>", "the socket of a run (or GATEHOUSE_SOCKET)")
    .option("--github-actions", "the ID token of this GitHub Actions job instead, for --audience")
    .option("--audience <audience>", "whom the job's ID token is for")
    .action(tools.action(token))
    .addHelpText("after", examples);
}

const examples = `
Credential files name this command; people need it to find out what a library would be told. Failures have the same
shape, with status 0 when a library asks (GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE is set), since some show them only then.

Examples:
  gatehouse token --socket "$GATEHOUSE_SOCKET"
  gatehouse token --github-actions --audience https://gatehouse.example.com`;

const tokenOptions = z.object({
  /** Empty where a script names a variable that is not set. */
  socket: z
    .string()
    .optional()
    .transform((path) => (path === "" ? undefined : path)),
  githubActions: z.boolean().default(false),
  audience: z.string().min(1).optional(),
});
type TokenOptions = z.infer<typeof tokenOptions>;

async function token({ terminal }: Settings, command: Command): Promise<number> {
  const question = libraryQuestion(terminal.environment);
  try {
    const { tokenType } = question;
    if (tokenType === undefined) {
      throw new GatehouseError(
        "token_type_unknown",
        "Gatehouse gives JWTs only: let the credential file ask for one.",
      );
    }
    terminal.out(
      successAnswer(await subject(tokenOptions.parse(command.opts()), question, terminal), tokenType),
    );
    return exitCodes.ok;
  } catch (error) {
    // On standard output and nothing beside it: some libraries read both streams as one.
    terminal.out(failureAnswer(error instanceof GatehouseError ? error.code : "internal", messageOf(error)));
    return question.audience === undefined ? exitCodes.failed : exitCodes.ok;
  }
}

async function subject(
  { socket, githubActions, audience }: TokenOptions,
  question: LibraryQuestion,
  { environment, clock }: Settings["terminal"],
): Promise<SubjectToken> {
  if (githubActions) {
    if (audience !== undefined) return gitHubToken(audience, environment);
    throw new GatehouseError("usage_invalid", "Say with --audience whom the job's ID token is for.");
  }
  const path = socket ?? (environment["GATEHOUSE_SOCKET"] || undefined);
  if (path === undefined) {
    throw new GatehouseError(
      "usage_invalid",
      "Name a run's socket with --socket, or start this inside a run.",
    );
  }
  const lent = await readSocketToken(path, clock.now());
  // A credential file that sends the token elsewhere may borrow our executable; it will not know whom it is for.
  if (question.audience !== undefined && question.audience !== lent.audience) {
    throw new GatehouseError(
      "audience_unknown",
      "This credential file is not one of this helper's. Take the one that GOOGLE_APPLICATION_CREDENTIALS names in its run.",
    );
  }
  return lent;
}
