import { GatehouseError } from "#lib/errors";
import { leavesOf } from "./answer-xml.ts";
import { ListingWatch } from "./listing-watch.ts";
import { type ObjectStoreSettings, refused, requireKey, send } from "./s3-store.ts";

/** What the bucket does with every new object by itself. */
export interface LockRule {
  /** `COMPLIANCE` or `GOVERNANCE`; whoever has the permission lifts the latter. */
  readonly mode: string;
  /** `365 days`, in the bucket's own unit. */
  readonly period: string;
}

/** One version of an object, or a marker that makes it look deleted. */
export interface ObjectVersion {
  readonly key: string;
  readonly version: string;
  readonly isDeletion: boolean;
}

/**
 * A bucket with Object Lock. There a lock keeps versions, not names: whoever may write can put another version over an
 * object, or a marker that hides it, and the first version stays below. So this looks at versions.
 */
export interface VersionedStore {
  /** `undefined` when the bucket has no Object Lock, or no rule for new objects. */
  lockRule(): Promise<LockRule | undefined>;
  /** In order of key, the newest version of each first. */
  versions(prefix: string): AsyncIterable<ObjectVersion>;
  getVersion(key: string, version: string): Promise<Uint8Array | undefined>;
}

export function openVersionedStore(settings: ObjectStoreSettings): VersionedStore {
  return {
    lockRule: () => lockRule(settings),
    versions: (prefix) => versions(prefix, settings),
    async getVersion(key, version) {
      const answer = await send(
        { method: "GET", path: requireKey(key), query: { versionId: version } },
        settings,
      );
      if (answer.status === 200) return answer.body;
      if (answer.status === 404) return undefined;
      throw refused(`GET ${key}`, answer);
    },
  };
}

async function lockRule(settings: ObjectStoreSettings): Promise<LockRule | undefined> {
  const answer = await send({ method: "GET", path: "", query: { "object-lock": "" } }, settings);
  // `ObjectLockConfigurationNotFoundError`.
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refused("to tell the bucket's Object Lock", answer);
  const texts = leavesOf(answer.body);
  if (texts?.root !== "ObjectLockConfiguration") throw unreadable("Object Lock configuration");
  const text = (path: string): string | undefined =>
    texts.leaves.find((leaf) => leaf.path === `ObjectLockConfiguration/${path}`)?.text;
  const retention = "Rule/DefaultRetention";
  const mode = text(`${retention}/Mode`);
  const [days, years] = [text(`${retention}/Days`), text(`${retention}/Years`)];
  if ([days, years].some((count) => count !== undefined && !/^[1-9]\d{0,5}$/.test(count)))
    throw unreadable("Object Lock configuration");
  if (text("ObjectLockEnabled") !== "Enabled" || mode === undefined) return undefined;
  if (days === undefined && years === undefined) return undefined;
  return { mode, period: days === undefined ? `${years} years` : `${days} days` };
}

async function* versions(prefix: string, settings: ObjectStoreSettings): AsyncGenerator<ObjectVersion> {
  let marker: Readonly<Record<string, string>> = {};
  const watch = new ListingWatch(prefix);
  for (;;) {
    const query = { versions: "", ...(prefix === "" ? {} : { prefix }), ...marker };
    const answer = await send({ method: "GET", path: "", query }, settings);
    if (answer.status !== 200) throw refused(`to list ${prefix}`, answer);
    const page = parseVersions(answer.body);
    if (page === undefined) throw unreadable("listing of versions");
    watch.see(page.versions.map(({ key }) => key));
    yield* page.versions;
    if (page.next === undefined) return;
    marker = page.next;
  }
}

interface VersionPage {
  readonly versions: readonly ObjectVersion[];
  readonly next: Readonly<Record<string, string>> | undefined;
}

/** `ListVersionsResult`; `undefined` for anything else. */
export function parseVersions(body: Uint8Array): VersionPage | undefined {
  const texts = leavesOf(body);
  if (texts?.root !== "ListVersionsResult") return undefined;
  const found: ObjectVersion[] = [];
  const top: Record<string, string> = {};
  let key: string | undefined;
  for (const { path, text } of texts.leaves) {
    const [, kind = "", member] = path.split("/");
    if (member === undefined) top[kind] = text;
    else if (member === "Key") key = text;
    else if (member === "VersionId") {
      if (key === undefined) return undefined;
      found.push({ key, version: text, isDeletion: kind === "DeleteMarker" });
      // Each version names its own key: another's must not stand in for one that is missing.
      key = undefined;
    }
  }
  if (top["IsTruncated"] !== "true") return { versions: found, next: undefined };
  const [nextKey, nextVersion] = [top["NextKeyMarker"], top["NextVersionIdMarker"]];
  // A page that is cut without saying where to go on would be a listing with a hole.
  if (nextKey === undefined || nextVersion === undefined) return undefined;
  return { versions: found, next: { "key-marker": nextKey, "version-id-marker": nextVersion } };
}

function unreadable(what: string): GatehouseError {
  return new GatehouseError("object_store_unreadable", `The object store answered with no ${what}.`);
}
