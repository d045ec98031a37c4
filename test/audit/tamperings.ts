import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { newLogSigner } from "../fakes/log-signer.ts";
import { type DataFolder, dataFolder, origin, temporaryFolder } from "./log-under-test.ts";
import { changed, leavesOf, rehash, replaceLeaves, replaceLog, sizeOf } from "./tile-folder.ts";

/** By name of the verifier: what it must say. Whoever is not named must find nothing wrong. */
export type Expected = Readonly<Record<string, RegExp>>;

export interface Tampering {
  readonly title: string;
  readonly expected: Expected;
  /** Does it to an exported copy of the log. */
  tamper(victim: string, log: DataFolder): void | Promise<void>;
}

/** The entry that suffers; in the middle of the third tile. */
const entry = 519;
const anyFault = /^(NOT VERIFIED|FAILED)/;

/** What ours and Go's say, with and without a kept checkpoint; Tessera names the tile. */
function found(fault: RegExp, tessera: RegExp = fault): Expected {
  return {
    gatehouse: fault,
    "gatehouse, checkpoint kept": fault,
    "Go x/mod/sumdb": fault,
    "Go x/mod/sumdb, checkpoint kept": fault,
    "Tessera fsck": tessera,
  };
}

// Tessera compares tiles in many threads and names the one it finds first: the entry's own, or the one above it.
const entryNamed = found(/entry 519\b/i, /tile\/(0\/002|1\/000\.p\/7)/);

export const tamperings: readonly Tampering[] = [
  { title: "nothing was done", expected: {}, tamper: () => undefined },
  {
    title: "one byte changed in entry 519",
    expected: entryNamed,
    tamper: (victim, log) =>
      replaceLeaves(
        victim,
        withEntry(victim, (leaf) => [changed(leaf)]),
        log.signer,
      ),
  },
  {
    title: "entry 519 dropped, the rest moved up",
    // Every tile from there on is another, and Tessera may come upon any of them first.
    expected: found(/entry 519\b/i, /tile\/(0\/00[2-5]|1\/000\.p\/7)/),
    tamper: (victim, log) => {
      const leaves = withEntry(victim, () => []);
      // The last bundle would be one entry shorter, and so would its name; a repeated last entry keeps the name.
      replaceLeaves(victim, [...leaves, ...leaves.slice(-1)], log.signer);
    },
  },
  {
    title: "entries 519 and 520 swapped",
    expected: entryNamed,
    tamper: (victim, log) => {
      const leaves = leavesOf(victim);
      leaves.splice(entry, 2, ...leaves.slice(entry, entry + 2).reverse());
      replaceLeaves(victim, leaves, log.signer);
    },
  },
  {
    title: "a bundle is gone",
    expected: found(/tile\/entries\/001/),
    tamper: (victim) => rmSync(join(victim, "tile/entries/001")),
  },
  {
    title: "one byte changed in the tile above the leaves",
    expected: {
      ...found(anyFault, /tile\/1\/000\.p\/7/),
      gatehouse: /at entry 512: tile\/1\/000\.p\/7/,
      "gatehouse, checkpoint kept": /at entry 512: tile\/1\/000\.p\/7/,
    },
    tamper: (victim) => {
      const path = join(victim, "tile/1/000.p/7");
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(64) ^ 1, 64);
      writeFileSync(path, bytes);
    },
  },
  {
    title: "entry 519 rewritten and every hash computed anew, without the log key",
    expected: {
      ...found(anyFault, /calculated root/),
      "gatehouse, checkpoint kept": /An entry from 0 to 1400 was changed/,
    },
    tamper: (victim, log) =>
      rehash(
        victim,
        withEntry(victim, (leaf) => [changed(leaf)]),
        log.signer,
      ),
  },
  {
    title: "the tail cut and the rest signed with the stolen log key",
    expected: {
      "gatehouse, checkpoint kept": /at entry 1300: .*Entries 1300 to 1400 are missing/,
      "Go x/mod/sumdb, checkpoint kept": /entries 1300 to 1400 are missing/,
    },
    tamper: (victim, log) => {
      const leaves = leavesOf(victim).slice(0, 1_300);
      rmSync(join(victim, "tile"), { recursive: true });
      replaceLog(victim, leaves, log.signer);
    },
  },
  {
    title: "entry 519 rewritten and everything signed with the stolen log key",
    expected: {
      "gatehouse, checkpoint kept": /An entry from 0 to 1400 was changed/,
      "Go x/mod/sumdb, checkpoint kept": /first 1401 entries are not those of the older checkpoint/,
    },
    tamper: (victim, log) =>
      replaceLog(
        victim,
        withEntry(victim, (leaf) => [changed(leaf)]),
        log.signer,
      ),
  },
  {
    title: "the checkpoint signed with another key",
    expected: { ...found(/checkpoint/), "openssl (signature)": /Verification Failure/ },
    tamper: (victim) => replaceLog(victim, leavesOf(victim), newLogSigner(origin)),
  },
  {
    title: "the checkpoint's size changed",
    expected: { ...found(/checkpoint/), "openssl (signature)": /Verification Failure/ },
    tamper: (victim) => {
      const path = join(victim, "checkpoint");
      const size = sizeOf(victim);
      writeFileSync(path, readFileSync(path, "utf8").replace(`\n${size}\n`, `\n${size - 1}\n`));
    },
  },
  {
    title: "one byte of entry 519 changed in gatehouse.db by its administrator, then exported",
    expected: entryNamed,
    tamper: (victim, log) =>
      exportAfter(victim, log, "UPDATE audit_entry SET leaf = ? WHERE entry_index = ?"),
  },
];

function withEntry(folder: string, replace: (leaf: Uint8Array) => readonly Uint8Array[]): Uint8Array[] {
  return leavesOf(folder).flatMap((leaf, index) => (index === entry ? replace(leaf) : [leaf]));
}

/** In a copy of the data folder the triggers go, the entry is changed, and the copy is exported over the victim. */
async function exportAfter(victim: string, log: DataFolder, update: string): Promise<void> {
  const data = temporaryFolder();
  for (const file of ["gatehouse.db", "log.pem"]) cpSync(join(log.data, file), join(data, file));
  const database = new DatabaseSync(join(data, "gatehouse.db"));
  database.exec("DROP TRIGGER audit_entry_is_never_changed");
  const row = database.prepare("SELECT leaf FROM audit_entry WHERE entry_index = ?").get(entry);
  if (!(row?.["leaf"] instanceof Uint8Array)) throw new Error("there is no such entry");
  database.prepare(update).run(changed(row["leaf"]), entry);
  database.close();
  rmSync(join(victim, "tile"), { recursive: true });
  await (await dataFolder(data)).exportTo(victim);
}
