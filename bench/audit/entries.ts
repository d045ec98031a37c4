import type { NewEntry } from "#audit";

/** An entry each 37 ms: a million in ten hours. */
const startMs = Date.parse("2026-11-24T00:00:00.000Z");
const stepMs = 37;

export function timeOf(n: number): Date {
  return new Date(startMs + n * stepMs);
}

export const sessionOf = (session: number): string => `ses_${String(session).padStart(32, "0")}`;
export const exchangeOf = (exchange: number): string => `exc_${String(exchange).padStart(32, "0")}`;

/** Values of which the first of each list is the most frequent: half of what is left takes each. */
const operations = [
  ["storage.objects.get", "read"],
  ["compute.instances.list", "read"],
  ["storage.objects.insert", "write"],
  ["secretmanager.projects.secrets.versions.access", "secret_read"],
  ["run.projects.locations.services.replaceService", "write"],
  ["compute.instances.delete", "destructive"],
  ["iam.projects.serviceAccounts.setIamPolicy", "privileged"],
] as const;
const statuses = [200, 404, 403, 409, 500];
const agents = ["cursor", "claude-code", "codex"];
const people = 40;
const exchangesOfSession = 200;

/** Of the `n`th entry of any log: two for each exchange, each with its detail, the same each time. */
export function entryOf(n: number): NewEntry {
  const exchange = Math.floor(n / 2);
  const session = Math.floor(exchange / exchangesOfSession);
  const [operation, riskClass] = operations[rank(exchange, 1, operations.length)] ?? operations[0];
  const common = {
    sessionId: sessionOf(session),
    exchangeId: exchangeOf(exchange),
    operation,
    class: riskClass,
  };
  const who = {
    principal: { email: `person-${session % people}@example.com` },
    agent: agents[session % agents.length] ?? "",
  };
  return n % 2 === 1 ? outcomeOf(exchange, common, who) : intentOf(exchange, common, who);
}

type Common = Pick<NewEntry, "sessionId" | "exchangeId" | "operation" | "class">;
interface Who {
  readonly principal: { readonly email: string };
  readonly agent: string;
}

function outcomeOf(exchange: number, common: Common, who: Who): NewEntry {
  const status = statuses[rank(exchange, 2, statuses.length)] ?? 200;
  return { kind: "exchange.outcome", ...common, status, detail: { ...who, maskedValues: 0, findings: [] } };
}

function intentOf(exchange: number, common: Common, who: Who): NewEntry {
  const isRefused = rank(exchange, 3, 8) === 7;
  return {
    kind: isRefused ? "exchange.refused" : "exchange.intent",
    ...common,
    decision: isRefused ? "policy_denied" : "allow",
    policyVersion: "9f86d081884c7d65",
    detail: {
      method: "GET",
      host: "storage.googleapis.com",
      ...who,
      resource: resourceOf(rank(exchange, 4, 30), scatter(exchange, 5) % 50),
      reasons: ["agents/reads"],
    },
  };
}

export function resourceOf(bucket: number, object: number): string {
  return `projects/acme/buckets/bucket-${bucket}/objects/object-${object}`;
}

/** 0 half of the time, 1 a quarter, and so on; the last takes what is left. */
function rank(exchange: number, salt: number, ranks: number): number {
  return Math.min(Math.clz32(scatter(exchange, salt)), ranks - 1);
}

/** A multiplicative hash of 32 bits, well enough mixed for choosing. */
function scatter(exchange: number, salt: number): number {
  const mixed = Math.imul(exchange ^ Math.imul(salt, 0x85eb_ca6b), 0x9e37_79b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35) >>> 0;
}
