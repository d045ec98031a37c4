import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { type CommandTools, exitCodes, printable } from "#cli";
import { printableJson } from "#lib/printable";
import { entryIndex, signInAsAuditor } from "./auditor.ts";
import { verifierKey } from "./verifier-key.ts";

const options = z.object({
  output: z.string().optional(),
  key: z.string().optional(),
  as: z.string().optional(),
});

/**
 * `gatehouse audit prove INDEX`: a C2SP tlog-proof of one entry, with the entry in it. Checked here before it is handed
 * out: a server that cannot prove an entry is found at once.
 */
export function addProveCommand(audit: Command, { add, action, terminal }: CommandTools): void {
  add(audit, "prove <index>", "make a proof of one entry that anybody can check offline (auditors)")
    .option("--output <file>", "write it to a file instead of printing it, e.g. entry.tlog-proof")
    .option("--key <key>", "the log's verifier key, or a file with it (default: the server's own)")
    .option("--as <email>", "a person of the development identity provider")
    .addHelpText("after", examples)
    .action(
      action(async (settings, command) => {
        const { output, key, as: person } = options.parse(command.opts());
        const index = entryIndex(command.args[0]);
        const auditor = await signInAsAuditor(person, settings);
        const { verifier } = verifierKey(key, { kind: "server", server: auditor.server });
        const proof = await auditor.read(`/api/v1/audit/entries/${index}/proof`);
        const { verifyProofFile } = await import("#tlog");
        const verification = verifyProofFile(proof, verifier);
        if (verification.kind === "refused" || verification.index !== index) {
          const why = verification.kind === "refused" ? verification.why : "it is of another entry";
          terminal.err(
            printable(`NOT VERIFIED: the server's proof of entry ${index} proves nothing: ${why}.`),
          );
          return exitCodes.notVerified;
        }
        if (output !== undefined) writeFileSync(output, proof);
        const { size } = verification.checkpoint;
        const said =
          output === undefined ? proof.trimEnd() : `Entry ${index} of ${size} is proven in ${output}.`;
        terminal.out(settings.isJson ? printableJson({ index, size, proof }) : said);
        return exitCodes.ok;
      }),
    );
}

const examples = `
Examples:
  gatehouse audit prove 42 --output entry-42.tlog-proof
  gatehouse audit verify --proof entry-42.tlog-proof --key log.vkey`;
