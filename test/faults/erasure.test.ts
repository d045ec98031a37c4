import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DataKeys, verifyLog } from "#audit";
import { openLogKey, readFileKeyProvider } from "#keys";
import { openDatabaseForReading } from "../../src/storage/sqlite/index.ts";
import { auditStore, custodyStore } from "../../src/storage/stores/index.ts";
import { databaseIn, origin } from "./log-in-folder.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const child = fileURLToPath(new URL("./erasing-child.ts", import.meta.url));

function run(folder: string, ...words: string[]) {
  const { stdout, stderr, signal } = spawnSync(process.execPath, [child, folder, ...words], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return { said: stdout.trim(), signal };
}

function bytesIn(folder: string): Buffer {
  const files = readdirSync(folder).filter((file) => file.startsWith("gatehouse.db"));
  return Buffer.concat(files.map((file) => readFileSync(join(folder, file))));
}

async function stateOf(folder: string) {
  const database = await openDatabaseForReading(databaseIn(folder));
  try {
    const [store, custody] = [auditStore(database), custodyStore(database)];
    const provider = readFileKeyProvider(join(folder, "wrapping.keys"));
    const { verifierKey } = await openLogKey(join(folder, "log.key"), origin);
    const verification = await verifyLog(store, {
      verifierKey,
      keys: new DataKeys(store, provider === undefined ? [] : [provider]),
    });
    const [key] = await database.read(
      "SELECT wrapped, erased_at FROM audit_data_key WHERE scope = 'session'",
    );
    return {
      verification,
      isErased: await custody.isErased("ses_1"),
      unswept: await custody.unswept(10),
      wrapped: key?.["wrapped"] ?? undefined,
    };
  } finally {
    await database.close();
  }
}

test("killed at any step of an erasure, the key is there with its entry missing or gone with its entry, and the restart finishes", async () => {
  const recorded = temporaryFolder();
  expect(run(recorded, "0", "record")).toEqual({ said: "done", signal: null });
  const before = await stateOf(recorded);
  if (!(before.wrapped instanceof Uint8Array)) throw new Error("the session has no key");
  const wrapped = Buffer.from(before.wrapped);
  let killed = 0;
  for (let step = 1; ; step += 1) {
    const folder = temporaryFolder();
    cpSync(recorded, folder, { recursive: true });
    const { said, signal } = run(folder, String(step));
    if (signal === null) {
      expect(said).toBe("whole");
      break;
    }
    killed += 1;
    const after = await stateOf(folder);
    expect(after.verification, `step ${step}`).toMatchObject({ kind: "verified" });
    const erasures = after.verification.kind === "verified" ? after.verification.erasures : [];
    expect([after.isErased, after.wrapped === undefined], `step ${step}`).toEqual(
      erasures.length === 1 ? [true, true] : [false, false],
    );
    // Started again, and asked again if nothing had happened yet.
    run(folder, "0", "erase");
    const finished = await stateOf(folder);
    expect(finished, `step ${step}`).toMatchObject({ isErased: true, unswept: [] });
    expect(finished.verification).toMatchObject({ kind: "verified", erasures: [{ sessionId: "ses_1" }] });
    const left = bytesIn(folder);
    expect([left.includes(wrapped), left.includes("canary-resource")], `step ${step}`).toEqual([
      false,
      false,
    ]);
  }
  // The transaction, three sweeps, the scrub and the mark, each before and after.
  expect(killed).toBeGreaterThanOrEqual(12);
});
