import type { Caller } from "#identity";
import type { Connection, ConnectionChoice } from "./connection.ts";

/** What a call needs to reach. */
export interface Wanted {
  readonly service: string;
  readonly project: string | undefined;
}

/**
 * The one connection this caller uses. A session that names its connection gets that one or nothing; otherwise
 * exactly one must fit. A connection the caller may not use is treated as if it did not exist, so that nobody learns
 * its name from a refusal.
 */
export function chooseConnection(
  connections: readonly Connection[],
  caller: Caller,
  wanted: Wanted,
): ConnectionChoice {
  const named = caller.session.connection;
  const usable = connections.filter(
    (each) => mayUse(each, caller) && (named === undefined || each.name === named),
  );
  if (usable.length === 0) return refuse("no_connection", describeMissing(named));
  const fitting = usable.filter((each) => isWithin(each, wanted));
  const [only] = fitting;
  if (only === undefined) return refuse("outside_connection", describeOutside(usable, wanted));
  if (fitting.length > 1) {
    const names = fitting.map(({ name }) => name).join(", ");
    return refuse("ambiguous_connection", `Several connections fit (${names}); name one for the session.`);
  }
  return { kind: "chosen", connection: only };
}

function mayUse(connection: Connection, caller: Caller): boolean {
  return (
    connection.groups.includes("*") ||
    caller.principal.groups.some((group) => connection.groups.includes(group))
  );
}

/** Whoever fences projects wants to know the project of every call: one that names none is outside. */
function isWithin(connection: Connection, { service, project }: Wanted): boolean {
  const reaches = (fence: readonly string[], value: string | undefined): boolean =>
    fence.includes("*") || (value !== undefined && fence.includes(value));
  return reaches(connection.hosts, service) && reaches(connection.projects, project);
}

function refuse(
  code: "no_connection" | "ambiguous_connection" | "outside_connection",
  detail: string,
): ConnectionChoice {
  return { kind: "refused", code, detail };
}

function describeMissing(named: string | undefined): string {
  return named === undefined
    ? "No connection is open to you. Ask whoever runs Gatehouse to add one of your groups."
    : `There is no connection "${named}" that you may use.`;
}

function describeOutside(usable: readonly Connection[], { service, project }: Wanted): string {
  const names = usable.map(({ name }) => name).join(", ");
  const where = project === undefined ? "no project that the call names" : `project ${project}`;
  return `${service} and ${where} are not reached by ${names}.`;
}
