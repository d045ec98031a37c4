import { z } from "zod";
import type { About, EntryCursor, EntryPage, EntryQuery } from "#audit";
import { limits } from "#lib/limits";
import type { Database, Row, SqlValue } from "./database.ts";
import { findable } from "./findable-name.ts";

// One filter drives: its index gives candidates in order of time. The others are tested on those, and only on so many, so
// that no question holds up the thread that also commits intents. The texts are fixed; values are always parameters.

/** What can be asked for, most telling first: the first that is given drives. */
const columns = [
  { name: "exchange", column: "x.exchange_id" },
  { name: "session", column: "a.session_id" },
  { name: "resource", column: "a.resource" },
  { name: "principal", column: "a.principal" },
  { name: "status", column: "a.status" },
  { name: "operation", column: "a.operation" },
  { name: "decision", column: "a.decision" },
  { name: "class", column: "a.class" },
  { name: "agent", column: "a.agent" },
  { name: "kind", column: "a.kind" },
] as const;

export async function findEntries(database: Database, query: EntryQuery): Promise<EntryPage> {
  const { filter, limit } = query;
  const driver = columns.find(({ name }) => filter[name] !== undefined);
  const others = columns.filter((each) => each !== driver && filter[each.name] !== undefined);
  // Where nothing else is tested, every candidate fits, and the page's own length is limit enough. An exchange has a handful.
  const isShort = others.length === 0 || driver?.name === "exchange";
  const last = isShort ? undefined : await lastCandidate(database, query, driver);
  const rows = await database.read(selectPage(driver, others), [
    ...valuesOf(query, driver, last),
    ...others.map(({ name }) => findable(filter[name])),
    limit + 1,
  ]);
  const found = rows.map(parseRow);
  const entries = found.slice(0, limit);
  const end = entries.at(-1);
  return {
    entries,
    next: found.length > limit && end !== undefined ? { t: end.t, index: end.index } : last,
  };
}

type Column = (typeof columns)[number];

/** The candidate after which we stop looking; `undefined` when there are fewer. Read from the driver's index alone. */
async function lastCandidate(
  database: Database,
  query: EntryQuery,
  driver: Column | undefined,
): Promise<EntryCursor | undefined> {
  const values = [...valuesOf(query, driver, undefined), limits.searchedEntriesMax - 1];
  const [row] = await database.read(selectLast(driver), values);
  if (row === undefined) return undefined;
  const { t, entry_index: index } = cursorRow.parse(row);
  return { t, index };
}

/**
 * Values for `candidates`: the driver's, and the places between which candidates are. Times are text of one form, so they sort as
 * text; `~` is beyond all digits, and no index is below 0.
 */
function valuesOf(
  { filter, before }: EntryQuery,
  driver: Column | undefined,
  last: EntryCursor | undefined,
): readonly SqlValue[] {
  const to = { t: filter.to ?? "~", index: 0 };
  const below = before !== undefined && before.t < to.t ? before : to;
  const from = last ?? { t: filter.from ?? "", index: 0 };
  return [
    ...(driver === undefined ? [] : [findable(filter[driver.name])]),
    ...[below.t, from.t],
    ...[below.t, below.index, from.t, from.index],
  ];
}

/** The first two bounds follow from the others, and are the ones by which an index finds where to begin and to stop. */
function candidates(driver: Column | undefined): string {
  const driving = driver === undefined ? "" : `${driver.column} = ? AND`;
  return `${driving} a.t <= ? AND a.t >= ?
      AND (a.t, a.entry_index) < (?, ?) AND (a.t, a.entry_index) >= (?, ?)`;
}

const newestFirst = "ORDER BY a.t DESC, a.entry_index DESC";

function selectLast(driver: Column | undefined): string {
  return `SELECT a.t AS t, a.entry_index AS entry_index FROM audit_listing AS a
    WHERE ${candidates(driver)} ${newestFirst} LIMIT 1 OFFSET ?`;
}

/** The order of a CROSS JOIN is not SQLite's to choose; PostgreSQL chooses by its statistics. */
function selectPage(driver: Column | undefined, others: readonly Column[]): string {
  const ofExchange = driver?.name === "exchange";
  const tables = `${ofExchange ? "audit_entry AS x CROSS JOIN " : ""}audit_listing AS a CROSS JOIN audit_entry AS e`;
  const joined = `${ofExchange ? "a.entry_index = x.entry_index AND " : ""}e.entry_index = a.entry_index`;
  const tests = others.map((other) => `AND ${tested(other)}`).join(" ");
  return `SELECT e.entry_index, e.leaf, e.leaf_hash, a.t AS t, a.principal, a.agent, a.resource
    FROM ${tables} WHERE ${joined} AND ${candidates(driver)} ${tests} ${newestFirst} LIMIT ?`;
}

/**
 * Whether a candidate has the value given, asked of the other column's own index: there candidates are neighbours, as they are in
 * time, while their rows are not. `+ 0` keeps SQLite from reading the row after all, and the count PostgreSQL from making a join of it.
 */
function tested({ column }: Column): string {
  return `(SELECT count(*) FROM audit_listing AS o WHERE o.${column.slice(2)} = ? AND o.t = a.t
    AND o.entry_index + 0 = a.entry_index) = 1`;
}

export async function readAbout(database: Database, entryIndex: number): Promise<About> {
  const sql = "SELECT principal, agent, resource FROM audit_listing WHERE entry_index = ?";
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

/** The statement that puts an entry's row into the listing, in the transaction that appends it. */
export const insertListing = `INSERT INTO audit_listing
    (entry_index, t, kind, session_id, operation, class, decision, status, principal, agent, resource)
  SELECT entry.entry_index, coalesce(entry.t, ''), entry.kind, entry.session_id, entry.operation, entry.class,
    entry.decision, entry.status,
    coalesce(?, session.folded_name), coalesce(?, session.agent), ?
  FROM audit_entry AS entry
  LEFT JOIN session ON session.id = entry.session_id
  WHERE entry.entry_index = (SELECT next_index - 1 FROM audit_head)`;

export function aboutValues({ principal, agent, resource }: About): readonly SqlValue[] {
  return [findable(principal), findable(agent), findable(resource)];
}
