import type { Leaf, OpenerThread } from "#audit";
import { GatehouseError } from "#lib/errors";
import type { TileSource } from "#tlog";
import type { Settings } from "../../settings.ts";
import { findLog, isStored, type LogPlace, type StoredPlace, tileSource } from "./log-place.ts";
import { sayingProgress } from "./progress.ts";
import { storedKeys, withStoredLog } from "./stored.ts";
import type { Found, TilesFound } from "./verdict.ts";
import type { GivenKey } from "./verifier-key.ts";
import { type DemandedWitnesses, findWitnesses, patientSource, type WitnessedBy } from "./witnessed.ts";

/** What a log is checked with. */
export interface How {
  readonly key: GivenKey;
  /** Checkpoints kept elsewhere, signed notes. */
  readonly pinned: readonly string[];
  readonly witnesses: DemandedWitnesses;
  readonly person: string | undefined;
  readonly settings: Settings;
}

export interface FoundThere {
  readonly found: Found;
  readonly witnessed: readonly WitnessedBy[];
  readonly overwritten?: readonly string[];
  readonly junk?: readonly string[];
}

/** Verifies the log at a place, as much of it as lies there. */
export function verifyPlace(place: LogPlace, how: How): Promise<FoundThere> {
  return isStored(place) ? verifyStored(place, how) : verifyPublished(place, how);
}

async function verifyStored(place: StoredPlace, how: How): Promise<FoundThere> {
  const { startOpenerThread } = await import("#audit");
  const opener = startOpenerThread();
  try {
    return await verifyStoredWith(opener, place, how);
  } finally {
    await opener.close();
  }
}

async function verifyStoredWith(opener: OpenerThread, place: StoredPlace, how: How): Promise<FoundThere> {
  const { pinned, settings } = how;
  const { verifyLog } = await import("#audit");
  return withStoredLog(place, async ({ store, published }) => {
    const note = await patientSource(published, how.witnesses, settings.terminal).checkpoint();
    // What witnesses cosigned must be the log that is verified, also while somebody changes the database.
    const cosigned = how.witnesses.cosigners.length > 0 && note !== undefined ? [note] : [];
    const found = await verifyLog(store, {
      verifierKey: how.key.text,
      keys: await storedKeys(place.folder, store),
      pinned: [...pinned, ...cosigned],
      opener,
      onChecked: sayingProgress(settings.terminal),
    });
    const isPinned = { containsPinned: pinned.length > 0 };
    return withWitnesses(found.kind === "broken" ? found : { ...found, ...isPinned }, note, how);
  });
}

async function verifyPublished(place: Exclude<LogPlace, StoredPlace>, how: How): Promise<FoundThere> {
  const { pinned, settings } = how;
  const given = await tileSource(place, how.key.verifier, how.person, settings);
  const source = remembering(patientSource(given, how.witnesses, settings.terminal));
  const kept = [...pinned, ...((await given.older?.()) ?? [])];
  const found = await verifyEntries(source, how.key, kept, sayingProgress(settings.terminal));
  const { overwritten = [], junk = [] } = given;
  return { ...withWitnesses(found, source.note(), how), overwritten, junk };
}

/** The rules of holds and erasures are judged as well, as far as entries without their details say something. */
export async function verifyEntries(
  source: TileSource,
  { verifier }: GivenKey,
  pinned: readonly string[],
  onChecked: (entries: number) => void,
): Promise<TilesFound> {
  const [{ CustodyRules, parseLeaf }, { verifyTiles }] = await Promise.all([
    import("#audit"),
    import("#tlog"),
  ]);
  const rules = new CustodyRules();
  let unreadEntries = 0;
  const verification = await verifyTiles(source, {
    verifier,
    pinned,
    onEntry: (index, bytes) => {
      const leaf = parseLeaf(bytes);
      if (leaf === undefined) unreadEntries += 1;
      else rules.note(index, leaf, { kind: commitsToDetail(leaf) ? "unread" : "none" });
      onChecked(index + 1);
    },
  });
  if (verification.kind === "broken") return verification;
  return { ...verification, unreadEntries, ...(await rules.finish(undefined)) };
}

function commitsToDetail({ attachments }: Leaf): boolean {
  return attachments?.some(({ role }) => role === "detail") === true;
}

/** The newest checkpoint of a copy of the log. Throws `log_not_found` where it has none: it would be compared with nothing. */
export async function newestOf(
  named: string,
  { verifier }: GivenKey,
  person: string | undefined,
  settings: Settings,
): Promise<string> {
  await using opened = new AsyncDisposableStack();
  const place = await findLog(named, settings, opened);
  if (isStored(place))
    throw new GatehouseError("usage_invalid", "--against takes a copy, not a data folder.");
  const note = await (await tileSource(place, verifier, person, settings)).checkpoint();
  if (note !== undefined) return note;
  throw new GatehouseError("log_not_found", `There is no checkpoint at ${named} to compare with.`);
}

/** The very checkpoint that was verified is the one that must be cosigned. */
function remembering(source: TileSource): TileSource & { note(): string | undefined } {
  let note: string | undefined;
  return {
    read: (path) => source.read(path),
    checkpoint: async () => {
      note = await source.checkpoint();
      return note;
    },
    note: () => note,
  };
}

function withWitnesses(found: Found, note: string | undefined, { witnesses, settings }: How): FoundThere {
  if (found.kind === "broken" || witnesses.cosigners.length === 0) return { found, witnessed: [] };
  const finding = findWitnesses(note ?? "", witnesses, settings.terminal);
  if (finding.kind === "witnessed") return { found, witnessed: finding.by };
  return { found: { kind: "broken", index: undefined, problem: finding.problem }, witnessed: [] };
}
