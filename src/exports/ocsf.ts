import type { ExportedEntry } from "./exported-entry.ts";
import { meaningOf, type Severity, severityOf } from "./kind-meaning.ts";

/** The version whose core we keep to; later 1.x readers take it as it is. */
export const ocsfVersion = "1.6.0";

/** One OCSF event, ready for JSON. */
export type OcsfEvent = Readonly<Record<string, unknown>>;

/** Which log the events are of, and which Gatehouse says so. */
export interface OcsfSource {
  readonly origin: string;
  readonly productVersion: string;
}

/** Kinds that later versions add are API activity too: an event of the wrong class is found, a missing one is not. */
export function ocsfEvent(entry: ExportedEntry, source: OcsfSource): OcsfEvent {
  const { event } = meaningOf(entry.kind);
  switch (event) {
    case "call":
    case "read":
      return apiActivity(entry, source);
    case "logon":
    case "logoff":
      return authentication(entry, source, signInActivities[event]);
    case "rules":
      return entityManagement(entry, source);
    case "opening":
    case "start":
    case "stop":
      return applicationLifecycle(entry, source, lifecycleActivities[event]);
  }
}

interface Activity {
  readonly id: number;
  readonly name: string;
}

const crud = {
  create: { id: 1, name: "Create" },
  read: { id: 2, name: "Read" },
  update: { id: 3, name: "Update" },
  delete: { id: 4, name: "Delete" },
} as const;

/** Class 6003. Exchanges are calls of Google's API; approvals, reads and exports are calls of ours. */
function apiActivity(entry: ExportedEntry, source: OcsfSource): OcsfEvent {
  const isExchange = entry.exchange !== undefined || entry.kind.startsWith("exchange.");
  const operation = isExchange ? (entry.operation ?? "unknown") : `gatehouse.${entry.kind}`;
  const activity = activityOf(entry, isExchange);
  return {
    ...common(entry, source, { category: 6, classUid: 6003, className: "API Activity", activity }),
    actor: actorOf(entry),
    api: {
      operation,
      service: { name: isExchange ? (operation.split(".")[0] ?? operation) : "gatehouse" },
      ...(entry.exchange === undefined ? {} : { request: { uid: entry.exchange } }),
      ...(entry.status === undefined ? {} : { response: { code: entry.status } }),
    },
    // The machine's address is not on record; what called is.
    src_endpoint: { name: entry.agent ?? "unknown" },
    ...(entry.resource === undefined ? {} : { resources: [{ name: entry.resource }] }),
  };
}

const signInActivities = {
  logon: { id: 1, name: "Logon" },
  logoff: { id: 2, name: "Logoff" },
} as const;

/** Class 3002: people and agents signing in and out, sessions beginning and ending. */
function authentication(entry: ExportedEntry, source: OcsfSource, activity: Activity): OcsfEvent {
  return {
    ...common(entry, source, { category: 3, classUid: 3002, className: "Authentication", activity }),
    actor: actorOf(entry),
    user: userOf(entry),
    service: { name: source.origin },
    ...(entry.session === undefined ? {} : { session: { uid: entry.session } }),
  };
}

/** Class 3004: rules, configuration and upstream keys that came into force, or did not. */
function entityManagement(entry: ExportedEntry, source: OcsfSource): OcsfEvent {
  const [type = ""] = entry.kind.split(".");
  return {
    ...common(entry, source, {
      category: 3,
      classUid: 3004,
      className: "Entity Management",
      activity: crud.update,
    }),
    entity: {
      name: type,
      type,
      ...(entry.policy === undefined ? {} : { uid: entry.policy }),
    },
  };
}

const lifecycleActivities = {
  start: { id: 3, name: "Start" },
  stop: { id: 4, name: "Stop" },
  opening: { id: 99, name: "Log opened" },
} as const;

/** Class 6002. */
function applicationLifecycle(entry: ExportedEntry, source: OcsfSource, activity: Activity): OcsfEvent {
  return {
    ...common(entry, source, { category: 6, classUid: 6002, className: "Application Lifecycle", activity }),
    app: productOf(source),
  };
}

interface ClassOf {
  readonly category: number;
  readonly classUid: number;
  readonly className: string;
  readonly activity: Activity;
}

const categories: Readonly<Record<number, string>> = {
  3: "Identity & Access Management",
  6: "Application Activity",
};

function common(entry: ExportedEntry, source: OcsfSource, of: ClassOf): OcsfEvent {
  const severity = severities[severityOf(entry)];
  const status = statusOf(entry);
  const { kind, decision, class: riskClass, policy, approval, detail } = entry;
  return {
    activity_id: of.activity.id,
    activity_name: of.activity.name,
    category_uid: of.category,
    category_name: categories[of.category],
    class_uid: of.classUid,
    class_name: of.className,
    type_uid: of.classUid * 100 + of.activity.id,
    time: Date.parse(entry.at),
    severity_id: severity.id,
    severity: severity.name,
    ...(status === undefined ? {} : { status_id: status.id, status: status.name }),
    ...(entry.status === undefined ? {} : { status_code: String(entry.status) }),
    metadata: {
      version: ocsfVersion,
      product: productOf(source),
      uid: entry.id,
      log_name: source.origin,
      sequence: entry.index,
      original_time: entry.at,
      ...(entry.exchange === undefined ? {} : { correlation_uid: entry.exchange }),
    },
    unmapped: defined({ kind, decision, class: riskClass, policy, approval, detail }),
  };
}

function productOf({ productVersion }: OcsfSource) {
  return { name: "Gatehouse", vendor_name: "Gatehouse", version: productVersion };
}

function actorOf(entry: ExportedEntry) {
  return {
    app_name: entry.agent ?? "unknown",
    ...(entry.principal === undefined ? {} : { user: userOf(entry) }),
    ...(entry.session === undefined ? {} : { session: { uid: entry.session } }),
  };
}

function userOf({ principal }: ExportedEntry) {
  if (principal === undefined) return { name: "unknown" };
  return { name: principal, ...(principal.includes("@") ? { email_addr: principal } : {}) };
}

/** By the verb that ends an operation's id; what a verb does not tell is "other" under its own name. */
function activityOf(entry: ExportedEntry, isExchange: boolean): Activity {
  if (!isExchange) {
    return meaningOf(entry.kind).event === "read" ? crud.read : { id: 99, name: entry.kind };
  }
  const verb = entry.operation?.split(".").at(-1) ?? "";
  if (/^(create|insert|batchCreate)/.test(verb)) return crud.create;
  if (/^(delete|destroy|batchDelete)/.test(verb)) return crud.delete;
  if (/^(update|patch|set|batchUpdate)/.test(verb)) return crud.update;
  if (entry.class === "read" || entry.class === "secret_read") return crud.read;
  return { id: 99, name: verb === "" ? "Unknown" : verb };
}

const severities: Readonly<Record<Severity, Activity>> = {
  informational: { id: 1, name: "Informational" },
  low: { id: 2, name: "Low" },
  medium: { id: 3, name: "Medium" },
  high: { id: 4, name: "High" },
  critical: { id: 5, name: "Critical" },
};

const unknown = { id: 0, name: "Unknown" };
const success = { id: 1, name: "Success" };
const failure = { id: 2, name: "Failure" };

/** An intent has no status yet, and what a crash left open is unknown. */
function statusOf({ kind, status }: ExportedEntry): Activity | undefined {
  switch (meaningOf(kind).outcome) {
    case "open":
      return undefined;
    case "unknown":
      return unknown;
    case "failed":
      return failure;
    case "done":
      return status !== undefined && status >= 400 ? failure : success;
  }
}

function defined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
