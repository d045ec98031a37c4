import { exchangeDetail } from "#api";
import { exitCodes, printable, type Settings } from "#cli";
import { assert, GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { printableJson } from "#lib/printable";
import type { Auditor } from "./auditor.ts";
import { BundleWriter } from "./bundle-files.ts";
import { bundleReadme } from "./bundle-readme.ts";
import { coveringProver, proofOf } from "./covering-prover.ts";
import { makeEmptyFolder } from "./empty-folder.ts";
import { type ExportAsked, exportedEntries, type PageEntry } from "./export-pages.ts";
import { type GivenKey, verifierKey } from "./verifier-key.ts";
import { bundleWords, verifyBundle } from "./verify-bundle.ts";

export interface BundleAsked {
  readonly auditor: Auditor;
  readonly query: URLSearchParams;
  readonly folder: string;
  readonly key: string | undefined;
}

/**
 * `--bundle FOLDER`: entries with their details, a proof of each under one checkpoint, the masked recordings, the verifier
 * key, a README that needs public tools only, and the digest of every file. Verified before the command says that it is
 * there. Returns the exit status.
 */
export async function exportBundle(asked: BundleAsked, settings: Settings): Promise<number> {
  const { auditor, folder } = asked;
  const key = verifierKey(asked.key, { kind: "server", server: auditor.server });
  makeEmptyFolder(folder);
  const writer = new BundleWriter(folder);
  const found = await writeEntries(writer, asked);
  if (found.indexes.length === 0)
    throw new GatehouseError("entry_not_found", "No entry fits; nothing to prove.");
  for (const [exchange, session] of found.exchanges) {
    const path = `/api/v1/audit/export/sessions/${session}/exchanges/${exchange}`;
    const { request, answer } = await auditor.ask(path, exchangeDetail);
    writer.write(`recordings/${exchange}.json`, jsonFile({ exchange, session, request, answer }));
  }
  await writeProofs(writer, { asked, key, indexes: found.indexes, settings });
  writer.write(
    "README.md",
    bundleReadme({ origin: auditor.server.info.log.origin, entries: found.indexes.length }),
  );
  writer.finish();
  const verification = verifyBundle(folder, key.verifier);
  const words = bundleWords(verification, folder, key.isFromOutside);
  settings.terminal.out(settings.isJson ? printableJson({ folder, ...verification }) : printable(words));
  return verification.kind === "verified" ? exitCodes.ok : exitCodes.notVerified;
}

interface Found {
  readonly indexes: readonly number[];
  /** Session of each exchange that has an entry among them. */
  readonly exchanges: ReadonlyMap<string, string>;
}

async function writeEntries(writer: BundleWriter, { auditor, query }: BundleAsked): Promise<Found> {
  const indexes: number[] = [];
  const exchanges = new Map<string, string>();
  const asked: ExportAsked = { query, format: "bundle", withDetail: true };
  for await (const entry of exportedEntries(auditor, asked)) {
    if (indexes.length >= limits.bundleEntriesMax) {
      throw new GatehouseError(
        "export_too_large",
        `More than ${limits.bundleEntriesMax} entries fit. Ask for less with --from and --to, or take the whole log with --tiles.`,
      );
    }
    const { stage: _, ...said } = entry;
    writer.write(`entries/${entry.index}.json`, jsonFile(said));
    indexes.push(entry.index);
    noteExchange(exchanges, entry);
  }
  return { indexes: indexes.sort((one, other) => one - other), exchanges };
}

/** What was refused before it was understood, or never left, has no recording to ask for. */
function noteExchange(exchanges: Map<string, string>, { exchange, session, attachments }: PageEntry): void {
  const isRecorded = attachments?.some(({ role }) => role === "request" || role === "answer") === true;
  if (isRecorded && exchange !== undefined && session !== undefined) exchanges.set(exchange, session);
}

interface ProofsAsked {
  readonly asked: BundleAsked;
  readonly key: GivenKey;
  /** Ascending. */
  readonly indexes: readonly number[];
  readonly settings: Settings;
}

async function writeProofs(
  writer: BundleWriter,
  { asked, key, indexes, settings }: ProofsAsked,
): Promise<void> {
  const newest = indexes.at(-1) ?? 0;
  const { note, prover } = await coveringProver(asked.auditor, newest, settings.terminal);
  writer.write("checkpoint", note);
  writer.write("log.vkey", `${key.text}\n`);
  const { parseProofFile } = await import("#tlog");
  for (const index of indexes) {
    const proof = await proofOf(prover, index);
    const leaf = parseProofFile(proof)?.leaf;
    assert(leaf !== undefined, "a proof that was made here has its entry in it");
    writer.write(`proofs/${index}.tlog-proof`, proof);
    writer.write(`entries/${index}.leaf`, leaf);
  }
}

function jsonFile(value: unknown): string {
  return `${printableJson(value, 2)}\n`;
}
