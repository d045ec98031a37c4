import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFileKeyProvider, openLogKey } from "#keys";
import { findBinaries } from "../../test/postgres/binaries.ts";
import type { Figure } from "../figure.ts";
import { measureAppends } from "./appends.ts";
import { buildLogs, type Custody, type Sizes } from "./build-logs.ts";
import type { Engine } from "./engine.ts";
import { origin } from "./log-rows.ts";
import { measurePages } from "./pages.ts";
import { postgresEngine } from "./postgres.ts";
import { sqliteEngine } from "./sqlite.ts";
import { measureVerification } from "./verification.ts";

/**
 * What the audit log costs, and what it costs when it is large: pages, verification, a start and appends, with the bounds that
 * the project has promised. Says on stderr how far it is.
 */
export async function measureAudit(
  sizes: Sizes = { small: 10_000, large: 1_000_000 },
): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-bench-keys-"));
  const engines = await startEngines();
  try {
    const signer = await openLogKey(join(folder, "log.key"), origin);
    const provider = await openFileKeyProvider(join(folder, "wrapping.key"));
    return await measureOn(engines, sizes, { signer, provider });
  } finally {
    for (const engine of engines) await engine.close();
    rmSync(folder, { recursive: true });
  }
}

async function startEngines(): Promise<readonly Engine[]> {
  const binaries = findBinaries();
  if (binaries.kind === "found") return [sqliteEngine(), await postgresEngine()];
  console.error(`skipped: PostgreSQL: ${binaries.why}`);
  return [sqliteEngine()];
}

async function measureOn(
  engines: readonly Engine[],
  sizes: Sizes,
  custody: Custody,
): Promise<readonly Figure[]> {
  const built = await buildLogs(engines, sizes, custody);
  const figures: Figure[] = [];
  for (const logs of built) {
    figures.push(...(await measurePages(logs)));
    figures.push(...(await measureVerification(logs, custody)));
    // Last, since it makes the logs longer.
    figures.push(...(await measureAppends(logs, custody)));
  }
  return figures;
}
