import { exchangeDetail } from "#api";
import { exitCodes, printable, type Settings } from "#cli";
import { assert, GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { printableJson } from "#lib/printable";
import type { Auditor } from "./auditor.ts";
import { BundleWriter, jsonFile } from "./bundle-files.ts";
import { bundleReadme } from "./bundle-readme.ts";
import { coveringProver, proofOf } from "./covering-prover.ts";
import { makeEmptyFolder } from "./empty-folder.ts";
import { type ExportAsked, exportedEntries, type PageEntry } from "./export-pages.ts";
import { type GivenKey, verifierKey } from "./verifier-key.ts";

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
  for (const [exchange, recorded] of found.exchanges)
    await writeRecording(writer, { auditor, exchange, ...recorded });
  await writeProofs(writer, { asked, key, indexes: found.indexes, settings });
  writer.write(
    "README.md",
    bundleReadme({ origin: auditor.server.info.log.origin, entries: found.indexes.length }),
  );
  writer.finish();
  const { bundleWords, verifyBundle } = await import("./verify-bundle.ts");
  const verification = verifyBundle(folder, key.verifier);
  const words = bundleWords(verification, folder, key.isFromOutside);
  settings.terminal.out(settings.isJson ? printableJson({ folder, ...verification }) : printable(words));
  return verification.kind === "verified" ? exitCodes.ok : exitCodes.notVerified;
}

interface Found {
  readonly indexes: readonly number[];
  /** Of the exchanges that have an entry with a recording among them. */
  readonly exchanges: ReadonlyMap<string, Recorded>;
}

interface Recorded {
  readonly session: string;
  /** Which recordings the entries that were taken commit to. */
  readonly roles: ReadonlySet<string>;
}

/** Only what entries of the bundle commit to: of anything else nobody could say whose it is. */
async function writeRecording(
  writer: BundleWriter,
  { auditor, exchange, session, roles }: Recorded & { auditor: Auditor; exchange: string },
): Promise<void> {
  const path = `/api/v1/audit/export/sessions/${session}/exchanges/${exchange}`;
  const { request, answer } = await auditor.ask(path, exchangeDetail);
  const recorded = {
    exchange,
    session,
    ...(roles.has("request") ? { request } : {}),
    ...(roles.has("answer") ? { answer } : {}),
  };
  writer.write(`recordings/${exchange}.json`, jsonFile(recorded));
}

async function writeEntries(writer: BundleWriter, { auditor, query }: BundleAsked): Promise<Found> {
  const indexes: number[] = [];
  const exchanges = new Map<string, Recorded>();
  const asked: ExportAsked = { query, format: "bundle", withDetail: true };
  for await (const entry of exportedEntries(auditor, asked)) {
    if (indexes.length >= limits.bundleEntriesMax) {
      throw new GatehouseError(
        "export_too_large",
        `More than ${limits.bundleEntriesMax} entries fit. Ask for less with --from and --to, or take the whole log with --tiles.`,
      );
    }
    // How far it had come is the server's word, and past: what the bundle needs of that, its proof says.
    const { stage: _, stages: __, ...said } = entry;
    writer.write(`entries/${entry.index}.json`, jsonFile(said));
    indexes.push(entry.index);
    noteExchange(exchanges, entry);
  }
  return { indexes: indexes.sort((one, other) => one - other), exchanges };
}

/** What was refused before it was understood, or never left, has no recording to ask for. */
function noteExchange(exchanges: Map<string, Recorded>, entry: PageEntry): void {
  const { exchange, session, attachments = [] } = entry;
  const recorded = attachments
    .map(({ role }) => role)
    .filter((role) => role === "request" || role === "answer");
  if (recorded.length === 0 || exchange === undefined || session === undefined) return;
  const roles = new Set([...(exchanges.get(exchange)?.roles ?? []), ...recorded]);
  exchanges.set(exchange, { session, roles });
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
