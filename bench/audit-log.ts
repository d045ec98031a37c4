import { createHmac } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openLogKey } from "#keys";
import { emptyFrontier, extend, hashLeaf, rootOf, signCheckpoint } from "#tlog";
import { openDatabase } from "../src/storage/sqlite/index.ts";

export const origin = "bench.example/audit";
export const databaseIn = (folder: string): string => join(folder, "gatehouse.db");

/** Signed after so many: what half a second of a busy server adds. */
const entriesOfCheckpoint = 500;
const entriesOfCommit = 20_000;
/** An entry each 37 ms: a million in ten hours. */
const startMs = Date.parse("2026-11-24T00:00:00.000Z");
const stepMs = 37;

/**
 * A log of so many entries in the format of docs/audit-log.md, row by row as the store writes them, indexes included; only the syncs
 * are left out, since a million of them would take an hour.
 */
export async function buildLog(
  folder: string,
  entries: number,
  onProgress: (done: number) => void,
): Promise<{ readonly verifierKey: string }> {
  await (await openDatabase(databaseIn(folder))).close();
  const signer = await openLogKey(join(folder, "log.key"), origin);
  const database = new DatabaseSync(databaseIn(folder));
  for (const pragma of ["journal_mode=OFF", "synchronous=OFF", "cache_size=-200000", "foreign_keys=OFF"])
    database.exec(`PRAGMA ${pragma}`);
  const setAside = database
    .prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
    )
    .all();
  for (const { type, name } of setAside) database.exec(`DROP ${String(type)} ${String(name)}`);
  const insert = statementsOf(database);
  database.exec("BEGIN");
  database.prepare("INSERT INTO audit_head (one, origin, next_index) VALUES (1, ?, ?)").run(origin, entries);
  database.prepare("INSERT INTO audit_key (key_id, mac_key) VALUES (?, ?)").run(keyId, macKey);
  let frontier = emptyFrontier;
  for (let n = 0; n < entries; n += 1) {
    const { leaf, detail, listed } = entryOf(n);
    const leafHash = hashLeaf(leaf);
    frontier = extend(frontier, leafHash);
    insert.entry.run(n, leaf, leafHash);
    insert.attachment.run(n, detail);
    insert.listing.run(n, timeOf(n), ...listed);
    if (frontier.size % entriesOfCheckpoint === 0 || frontier.size === entries) {
      const note = signCheckpoint({ origin, size: frontier.size, root: rootOf(frontier) }, signer);
      insert.checkpoint.run(frontier.size, note, startMs + n * stepMs);
    }
    if (n % entriesOfCommit === 0) {
      database.exec("COMMIT; BEGIN");
      onProgress(n);
    }
  }
  database.exec("COMMIT");
  for (const { sql } of setAside) database.exec(String(sql));
  database.close();
  return { verifierKey: signer.verifierKey };
}

function statementsOf(database: DatabaseSync) {
  return {
    entry: database.prepare("INSERT INTO audit_entry (entry_index, leaf, leaf_hash) VALUES (?, ?, ?)"),
    attachment: database.prepare(
      "INSERT INTO audit_attachment (entry_index, role, bytes) VALUES (?, 'detail', ?)",
    ),
    listing: database.prepare(`INSERT INTO audit_listing
      (entry_index, t, kind, session_id, operation, class, decision, status, principal, agent, resource)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    checkpoint: database.prepare("INSERT INTO audit_checkpoint (size, note, signed_at) VALUES (?, ?, ?)"),
  };
}

const keyId = "2026-11-24";
export const macKey = Buffer.alloc(32, 7);

export function timeOf(n: number): string {
  return new Date(startMs + n * stepMs).toISOString();
}

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

/** Two entries for each exchange; the same each time. */
function entryOf(n: number) {
  const said = factsOf(n);
  const id = `rec_${String(n).padStart(32, "0")}`;
  const detail = Buffer.from(JSON.stringify(said.detail));
  const mac = createHmac("sha256", macKey).update(`detail\n${id}\n`).update(detail).digest("base64url");
  const commitment = { role: "detail", bytes: detail.byteLength, mac };
  const leaf = {
    v: 1,
    kind: said.kind,
    id,
    t: timeOf(n),
    ...said.members,
    key: keyId,
    attachments: [commitment],
  };
  const { session, operation, class: riskClass, decision = null, status = null } = said.members;
  const { principal, agent, resource } = said.about;
  return {
    leaf: Buffer.from(JSON.stringify(leaf)),
    detail,
    listed: [said.kind, session, operation, riskClass, decision, status, principal, agent, resource],
  };
}

function factsOf(n: number) {
  const exchange = Math.floor(n / 2);
  const session = Math.floor(exchange / exchangesOfSession);
  const [operation, riskClass] = operations[rank(exchange, 1, operations.length)] ?? operations[0];
  const common = {
    session: `ses_${String(session).padStart(32, "0")}`,
    exchange: `exc_${String(exchange).padStart(32, "0")}`,
    operation,
    class: riskClass,
  };
  const about = {
    principal: `person-${session % people}@example.com`,
    agent: agents[session % agents.length] ?? "",
  };
  if (n % 2 === 1) {
    const status = statuses[rank(exchange, 2, statuses.length)] ?? 200;
    return {
      kind: "exchange.outcome",
      members: { ...common, status, decision: undefined },
      detail: { maskedValues: 0 },
      about: { ...about, resource: null },
    };
  }
  const isRefused = rank(exchange, 3, 8) === 7;
  const resource = `projects/acme/buckets/bucket-${rank(exchange, 4, 30)}/objects/object-${scatter(exchange, 5) % 50}`;
  return {
    kind: isRefused ? "exchange.refused" : "exchange.intent",
    members: {
      ...common,
      decision: isRefused ? "policy_denied" : "allow",
      policy: "9f86d081884c7d65",
      status: undefined,
    },
    detail: {
      method: "GET",
      host: "storage.googleapis.com",
      principal: { email: about.principal },
      agent: about.agent,
      resource,
      reasons: ["agents/reads"],
    },
    about: { ...about, resource },
  };
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
