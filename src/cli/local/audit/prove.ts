import type { Command } from "commander";
import { z } from "zod";
import { type CommandTools, exitCodes, printable } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import { sessionId } from "../../commands/session-id.ts";
import type { Settings } from "../../settings.ts";
import { type Auditor, entryIndex, signInAsAuditor } from "./auditor.ts";
import { withOutput } from "./output-file.ts";
import { type GivenKey, verifierKey } from "./verifier-key.ts";

const options = z.object({
  output: z.string().optional(),
  session: z.string().optional(),
  key: z.string().optional(),
  as: z.string().optional(),
});

/**
 * `gatehouse audit prove INDEX`: a C2SP tlog-proof of one entry, with the entry in it; with `--session ID` one of each of the
 * session's entries, in one file. Checked here before it is handed out: a server that cannot prove an entry is found at once.
 */
export function addProveCommand(audit: Command, { add, action }: CommandTools): void {
  add(audit, "prove [index]", "make a proof of one entry, or of a session, to be checked offline (auditors)")
    .option("--session <session>", "of every entry that this session has now, in one file")
    .option("--output <file>", "write it to a new file instead of printing it, e.g. entry.tlog-proof")
    .option("--key <key>", "the log's verifier key, or a file with it (default: the server's own)")
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const { output, key: given, as: person, session } = options.parse(command.opts());
        const [named] = command.args;
        if ((named === undefined) === (session === undefined)) {
          throw new GatehouseError("usage_invalid", "Name the index of one entry, or one --session.");
        }
        const what = session === undefined ? entryIndex(named) : sessionId(session);
        const auditor = await signInAsAuditor(person, settings);
        const key = verifierKey(given, { kind: "server", server: auditor.server });
        if (typeof what === "string") {
          const { proveSession } = await import("./prove-session.ts");
          return proveSession({ session: what, output, auditor, key }, settings);
        }
        return proveEntry({ index: what, output, auditor, key }, settings);
      }),
    );
}

interface EntryProofAsked {
  readonly index: number;
  readonly output: string | undefined;
  readonly auditor: Auditor;
  readonly key: GivenKey;
}

async function proveEntry(
  { index, output, auditor, key }: EntryProofAsked,
  { terminal, isJson }: Settings,
): Promise<number> {
  const proof = await auditor.read(`/api/v1/audit/entries/${index}/proof`);
  const { verifyProofFile } = await import("#tlog");
  const verification = verifyProofFile(proof, key.verifier);
  if (verification.kind === "refused" || verification.index !== index) {
    const why = verification.kind === "refused" ? verification.why : "it is of another entry";
    terminal.err(printable(`NOT VERIFIED: the server's proof of entry ${index} proves nothing: ${why}.`));
    return exitCodes.notVerified;
  }
  if (output !== undefined) await withOutput(output, terminal, async ({ write }) => write(proof));
  const { size } = verification.checkpoint;
  const said = output === undefined ? proof.trimEnd() : `Entry ${index} of ${size} is proven in ${output}.`;
  terminal.out(isJson ? printableJson({ index, size, proof }) : said);
  return exitCodes.ok;
}

const examples = `
Examples:
  gatehouse audit prove 42 --output entry-42.tlog-proof
  gatehouse audit verify --proof entry-42.tlog-proof --key log.vkey
  gatehouse audit prove --session ses_0199c2… --output session.proofs
  gatehouse audit verify --proof session.proofs --key log.vkey

A session's proof does not show that the session has no further entries; audit search --session does, on the server's word.`;
