import { limits } from "#lib/limits";
import type { EntryCursor, EntryQuery } from "./entry-query.ts";
import { type Leaf, parseLeaf } from "./leaf.ts";
import type { AuditStore, EntryAbout, EntryPage } from "./store.ts";

// Words are looked for by reading, entry by entry: an index of what attachments say would be their content in clear on disk, and
// would outlive their erasure. So a question looks at so many entries and bytes at most, and says where it stopped.

export interface ReadableEntry {
  readonly index: number;
  readonly leaf: Leaf;
}

/** An attachment in clear; `undefined` when there is none that is as the entry committed to it. */
export type ReadAttachment = (entry: ReadableEntry, role: string) => Promise<Uint8Array | undefined>;

type TextQuery = EntryQuery & { readonly text: string };

/** Entries read together; commits go first between two groups. Recordings are half a MiB, details half a KiB. */
const detailsAtOnce = 50;
const recordingsAtOnce = 4;

/**
 * Entries that fit the filter and contain every word: in operation, class, decision, principal, agent, resource or detail, and, of
 * a named session, in its recordings.
 */
export async function findText(
  store: Pick<AuditStore, "findEntries">,
  query: TextQuery,
  read: ReadAttachment,
): Promise<EntryPage> {
  const words = wordsOf(query.text);
  const { kind, session } = query.filter;
  const isOfSession = session !== undefined;
  const roles = isOfSession ? ["detail", "request", "answer"] : ["detail"];
  const atOnce = isOfSession ? recordingsAtOnce : detailsAtOnce;
  const found: EntryAbout[] = [];
  let before = query.before;
  let charsLeft: number = limits.textCharsMax;
  for (let looked = 0; looked < limits.textEntriesMax; looked += atOnce) {
    const page = await store.findEntries({ filter: query.filter, before, limit: atOnce });
    const texts = await Promise.all(page.entries.map((entry) => textOf(entry, { roles, kind, read })));
    for (const [place, entry] of page.entries.entries()) {
      const text = texts[place] ?? "";
      charsLeft -= text.length;
      if (words.every((word) => text.includes(word))) found.push(entry);
      if (found.length >= query.limit || charsLeft <= 0) return { entries: found, next: cursorOf(entry) };
    }
    if (page.next === undefined) return { entries: found, next: undefined };
    before = page.next;
  }
  return { entries: found, next: before };
}

function cursorOf({ t, index }: EntryAbout): EntryCursor {
  return { t, index };
}

function wordsOf(text: string): readonly string[] {
  return folded(text)
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** One form for what looks the same: letters with accents are written in two ways. */
function folded(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

interface Looking {
  readonly roles: readonly string[];
  /** The kind that was asked for, if one was. */
  readonly kind: string | undefined;
  readonly read: ReadAttachment;
}

/** Everything that an entry says, one thing a line, so that no word is found across two. */
async function textOf(
  { index, leaf: bytes, about }: EntryAbout,
  { roles, kind, read }: Looking,
): Promise<string> {
  const leaf = parseLeaf(bytes);
  const names = [about.principal, about.agent, about.resource];
  if (leaf === undefined) return folded(linesOf(names));
  // A search is on record before it is answered, with its words: it would find itself, and every search for them before.
  if (leaf.kind.startsWith("audit.read") && leaf.kind !== kind) return "";
  const said = [leaf.operation, leaf.class, leaf.decision, ...names];
  for (const role of roles) {
    const attachment = await read({ index, leaf }, role);
    if (attachment === undefined) continue;
    const text = Buffer.from(attachment).toString("utf8");
    said.push(role === "detail" ? detailText(text) : text);
  }
  return folded(linesOf(said));
}

function linesOf(said: readonly (string | undefined)[]): string {
  return said.filter((each) => each !== undefined).join("\n");
}

/** What the JSON says, and not how JSON writes it; what is not JSON is taken as it is. */
function detailText(text: string): string {
  const said: string[] = [];
  try {
    JSON.parse(text, (_, value: unknown) => {
      if (typeof value === "string" || typeof value === "number") said.push(String(value));
      return value;
    });
  } catch {
    return text;
  }
  return said.join("\n");
}
