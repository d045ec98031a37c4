import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { factsIn, openLogIn } from "./log-in-folder.ts";
import { recordingUpstream } from "./recording-upstream.ts";
import { whyNoTracing } from "./system-calls.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const noTracing = whyNoTracing();
if (noTracing !== undefined) console.log(`skipped: system calls cannot be traced here: ${noTracing}`);

/** Appends under a tracer that lets the given sync fail, once; what the child was told, line by line. */
async function appendWithFailingSync(folder: string, failing: number, onlyOf?: string): Promise<string[]> {
  const child = spawn(
    "strace",
    [
      ...[
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
        ...(onlyOf === undefined ? [] : ["-P", onlyOf]),
      ],
      ...["-e", `inject=fsync,fdatasync:error=EIO:when=${failing}`],
      ...[process.execPath, pathOf("./sync-child.ts"), folder],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await once(child, "close");
  return said.trim().split("\n");
}

for (const { what, failing, file } of [
  { what: "the 60th sync of any file", failing: 60, file: undefined },
  { what: "the 61st sync of any file", failing: 61, file: undefined },
  { what: "the 97th sync of any file", failing: 97, file: undefined },
  // The first three happen when the database is created; the fourth moves the WAL's pages into it.
  { what: "the 4th sync of the database file", failing: 4, file: "gatehouse.db" },
]) {
  test.skipIf(noTracing !== undefined)(
    `after ${what} has failed, nothing more is recorded though syncs succeed again, and what was recorded is there`,
    async () => {
      const folder = temporaryFolder();
      const lines = await appendWithFailingSync(folder, failing, file && join(folder, file));
      const recorded = lines.filter((line) => line.startsWith("recorded ")).map((line) => line.slice(9));
      expect(lines.slice(-4)).toEqual([
        "refused audit_log_failed",
        "refused audit_log_failed",
        "refused audit_log_failed",
        "failures 1",
      ]);
      expect(recorded.length).toBeGreaterThan(5);

      await (await openLogIn(folder)).close();
      const { verification, intents } = await factsIn(folder, undefined);
      expect(verification).toMatchObject({ kind: "verified" });
      expect(recorded.filter((id) => !intents.has(id))).toEqual([]);
    },
  );
}

test.skipIf(noTracing !== undefined)(
  "the kernel says the WAL is on disk before the first byte of any exchange is sent",
  async () => {
    const folder = temporaryFolder();
    const upstream = await recordingUpstream();
    const trace = join(folder, "trace");
    const child = spawn(
      "strace",
      [
        ...["-f", "-y", "-s", "64", "-o", trace, "-e", "trace=fsync,fdatasync,write,writev,sendto,sendmsg"],
        ...[process.execPath, pathOf("./gateway-child.ts"), folder, String(upstream.port), "1", "25"],
      ],
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(0);
    await upstream.close();

    const steps = stepsIn(readFileSync(trace, "utf8"));
    expect(steps.filter((step) => step !== "synced")).toEqual(upstream.received);
    expect(upstream.received.length).toBe(25);
    // With one exchange at a time: the intent's sync stands between every send and the one before (whose outcome
    // needs another one).
    for (const [at, step] of steps.entries()) {
      if (step === "synced") continue;
      const since = steps.slice(0, at).findLastIndex((earlier) => earlier !== "synced");
      const syncs = at - since - 1;
      expect(syncs, `syncs before ${step}`).toBeGreaterThanOrEqual(since < 0 ? 1 : 2);
    }
  },
);

/** In order: `synced` when a sync of the WAL has returned 0, the exchange id when its send begins. */
function stepsIn(trace: string): string[] {
  const steps: string[] = [];
  const syncing = new Map<string, boolean>();
  for (const line of trace.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const sent = /^(?:write|writev|sendto|sendmsg)\(\d+<(?:TCP|socket)[^>]*>.*(exc_[0-9a-f]{32})/.exec(rest);
    if (sent?.[1] !== undefined) steps.push(sent[1]);
    if (/^f(?:data)?sync\(\d+<[^>]*>/.test(rest)) syncing.set(thread, /gatehouse\.db-wal>/.test(rest));
    if (/f(?:data)?sync.*\) += 0$/.test(rest) && syncing.get(thread) === true) steps.push("synced");
  }
  return steps;
}
