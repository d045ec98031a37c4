import { z } from "zod";
import type { About, EntryCursor, EntryPage, EntryQuery } from "#audit";
import { limits } from "#lib/limits";
import type { Database, Row, SqlValue } from "./database.ts";

// One filter drives: its index gives candidates in order of time. The others are tested on those, and only on so many, so
// that no question holds up the thread that also commits intents. The texts are fixed; values are always parameters.

/** What can be asked for, most telling first: the first that is given drives. */
const columns = [
  { name: "exchange", column: "e.exchange_id" },
  { name: "session", column: "e.session_id" },
  { name: "resource", column: "a.resource" },
  { name: "principal", column: "a.principal" },
  { name: "status", column: "e.status" },
  { name: "operation", column: "e.operation" },
  { name: "agent", column: "a.agent" },
  { name: "class", column: "e.class" },
  { name: "decision", column: "e.decision" },
  { name: "kind", column: "e.kind" },
] as const;

const parameters = columns.map(({ name }) => name);

export async function findEntries(database: Database, query: EntryQuery): Promise<EntryPage> {
  const { filter, limit } = query;
  const driver = columns.find(({ name }) => filter[name] !== undefined);
  const last = await lastCandidate(database, query, driver);
  const where = boundsOf(query, last);
  const others = parameters.map((name) => findable(filter[name]));
  const driving: readonly SqlValue[] = driver === undefined ? [] : [findable(filter[driver.name])];
  const rows = await database.read(selectPage(driver), [
    ...driving,
    ...where,
    ...others.flatMap((value) => [value, value]),
    limit + 1,
  ]);
  const found = rows.map(parseRow);
  const entries = found.slice(0, limit);
  const end = entries.at(-1);
  return {
    entries: entries.map(({ t: _, ...entry }) => entry),
    next: found.length > limit && end !== undefined ? { t: end.t, index: end.index } : last,
  };
}

type Driver = (typeof columns)[number];

/** The candidate after which we stop looking; `undefined` when there are fewer. */
async function lastCandidate(
  database: Database,
  query: EntryQuery,
  driver: Driver | undefined,
): Promise<EntryCursor | undefined> {
  const driving: readonly SqlValue[] = driver === undefined ? [] : [findable(query.filter[driver.name])];
  const [row] = await database.read(selectLast(driver), [
    ...driving,
    ...boundsOf(query, undefined),
    limits.searchedEntriesMax - 1,
  ]);
  if (row === undefined) return undefined;
  const { t, entry_index: index } = cursorRow.parse(row);
  return { t, index };
}

/** Values for `bounds`. Times are text of one form, so they sort as text; `~` is beyond all digits. */
function boundsOf({ filter, before }: EntryQuery, last: EntryCursor | undefined): readonly SqlValue[] {
  return [
    filter.from ?? "",
    filter.to ?? "~",
    before?.t ?? "~",
    before?.index ?? Number.MAX_SAFE_INTEGER,
    last?.t ?? "",
    last?.index ?? 0,
  ];
}

/** Where the driving column and its time are. */
function sourceOf(driver: Driver | undefined): { readonly from: string; readonly at: "a" | "e" } {
  return driver?.column.startsWith("a.") === true
    ? // The order of a CROSS JOIN is not SQLite's to choose; PostgreSQL chooses by its statistics.
      {
        at: "a",
        from: "audit_about AS a CROSS JOIN audit_entry AS e WHERE e.entry_index = a.entry_index AND",
      }
    : {
        at: "e",
        from: "audit_entry AS e LEFT JOIN audit_about AS a ON a.entry_index = e.entry_index WHERE",
      };
}

function candidates(driver: Driver | undefined): string {
  const { from, at } = sourceOf(driver);
  const driving = driver === undefined ? "" : `${driver.column} = ? AND`;
  return `FROM ${from}
    ${driving} ${at}.t >= ? AND ${at}.t < ?
      AND (${at}.t, ${at}.entry_index) < (?, ?) AND (${at}.t, ${at}.entry_index) >= (?, ?)`;
}

function selectLast(driver: Driver | undefined): string {
  const { at } = sourceOf(driver);
  return `SELECT ${at}.t AS t, ${at}.entry_index AS entry_index ${candidates(driver)}
    ORDER BY ${at}.t DESC, ${at}.entry_index DESC LIMIT 1 OFFSET ?`;
}

function selectPage(driver: Driver | undefined): string {
  const { at } = sourceOf(driver);
  const others = columns.map(({ column }) => `(CAST(? AS TEXT) IS NULL OR ${column} = ?)`).join(" AND ");
  return `SELECT e.entry_index, e.leaf, e.leaf_hash, ${at}.t AS t, a.principal, a.agent, a.resource
    ${candidates(driver)} AND ${others}
    ORDER BY ${at}.t DESC, ${at}.entry_index DESC LIMIT ?`;
}

export async function readAbout(database: Database, entryIndex: number): Promise<About> {
  const sql = "SELECT principal, agent, resource FROM audit_about WHERE entry_index = ?";
  const [row] = await database.read(sql, [entryIndex]);
  return row === undefined ? {} : parseAbout(row);
}

const blob = z.instanceof(Uint8Array);
const index = z.int().min(0);
const cursorRow = z.object({ t: z.string(), entry_index: index });
const name = z.string().nullable();
const aboutRow = z.object({ principal: name, agent: name, resource: name });
const pageRow = cursorRow.extend({ leaf: blob, leaf_hash: blob });

function parseRow(row: Row) {
  const { entry_index, leaf, leaf_hash: leafHash, t } = pageRow.parse(row);
  return { index: entry_index, leaf, leafHash, t, about: parseAbout(row) };
}

function parseAbout(row: Row): About {
  const { principal, agent, resource } = aboutRow.parse(row);
  return {
    ...(principal === null ? {} : { principal }),
    ...(agent === null ? {} : { agent }),
    ...(resource === null ? {} : { resource }),
  };
}

/**
 * So much of a name can be searched for; the rest is in the entry's detail. PostgreSQL refuses index rows above 2,704 bytes, and
 * an agent that asks for a longer resource must not be able to stop the log.
 */
const nameCharsMax = 600;

/** A value as it is kept and looked for, in whole characters. Where U+0000 stands, SQL's functions think that a text ends. */
function findable(value: string | number | undefined): SqlValue {
  if (typeof value !== "string") return value ?? null;
  const text = value.replaceAll("\0", "\u{FFFD}");
  return text.length <= nameCharsMax ? text : [...text].slice(0, nameCharsMax).join("");
}

/** The statement that puts an entry's names beside it, in the transaction that appends it. */
export const insertAbout = `INSERT INTO audit_about (entry_index, t, principal, agent, resource)
  SELECT entry_index, t, principal, agent, resource FROM (
    SELECT entry.entry_index, coalesce(entry.t, '') AS t,
      coalesce(?, substr(lower(coalesce(session.email, session.subject)), 1, ${nameCharsMax})) AS principal,
      coalesce(?, session.agent) AS agent, ? AS resource
    FROM audit_entry AS entry
    LEFT JOIN session ON session.id = entry.session_id
    WHERE entry.entry_index = (SELECT next_index - 1 FROM audit_head)) AS named
  WHERE coalesce(principal, agent, resource) IS NOT NULL`;

export function aboutValues({ principal, agent, resource }: About): readonly SqlValue[] {
  return [findable(principal), findable(agent), findable(resource)];
}
