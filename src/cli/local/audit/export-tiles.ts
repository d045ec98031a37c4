import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exitCodes, printable, type Settings } from "#cli";
import { printableJson } from "#lib/printable";
import type { TileSource } from "#tlog";
import { makeEmptyFolder } from "./empty-folder.ts";
import { findLog, folderSource, isStored, type StoredPlace, tileSource } from "./log-place.ts";
import { sayingProgress } from "./progress.ts";
import { withStoredLog } from "./stored.ts";
import { verdictOf } from "./verdict.ts";
import { verifierKey } from "./verifier-key.ts";
import { verifyEntries } from "./verify-place.ts";
import { inWords } from "./verify-words.ts";

export interface TilesAsked {
  /** A data folder, an exported one, or a server; nothing is the server that commands speak to. */
  readonly log: string | undefined;
  readonly folder: string;
  readonly key: string | undefined;
  readonly person: string | undefined;
}

/**
 * `gatehouse audit export --tiles DIR`: the log as C2SP tiles, for tools that we did not write. Entries only: what they
 * commit to stays where it is. The copy is verified before the command says that it is there. Returns the exit status.
 */
export async function exportTilesTo(asked: TilesAsked, settings: Settings): Promise<number> {
  const { folder, person } = asked;
  await using opened = new AsyncDisposableStack();
  const place = await findLog(asked.log, settings, opened);
  const given = verifierKey(asked.key, place);
  makeEmptyFolder(folder);
  const copy = (source: TileSource) => copyTo(folder, source);
  const files = await (isStored(place)
    ? copyStored(place, copy)
    : copy(await tileSource(place, given.verifier, person, settings)));
  writeFileSync(join(folder, "log.vkey"), `${given.text}\n`);
  const verified = await verifyEntries(folderSource(folder), given, [], sayingProgress(settings.terminal));
  const verdict = verdictOf(verified, "as_far_as_keys");
  const words = `${files} files in ${folder}\n${inWords(verified, { place: { kind: "tiles" }, key: given, verdict, witnessed: [] })}`;
  const verification = { ...verified, kind: verdict };
  settings.terminal.out(
    settings.isJson ? printableJson({ folder, files, source: place.kind, verification }) : printable(words),
  );
  // Of the copy: what the log tells of is no fault of the copying.
  return verdict === "broken" ? exitCodes.notVerified : exitCodes.ok;
}

function copyStored(place: StoredPlace, copy: (source: TileSource) => Promise<number>): Promise<number> {
  return withStoredLog(place, ({ published }) => copy(published));
}

async function copyTo(folder: string, source: TileSource): Promise<number> {
  const { exportTiles } = await import("#audit");
  const { files } = await exportTiles(source, async (path, bytes) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  });
  return files;
}
