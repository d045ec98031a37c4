import { spawnSync } from "node:child_process";

/** Why system calls cannot be traced here; `undefined` when they can. */
export function whyNoTracing(): string | undefined {
  const tried = spawnSync("strace", ["-D", "-f", "-o", "/dev/null", "true"], { encoding: "utf8" });
  if (tried.error !== undefined) return `strace: ${tried.error.message}`;
  return tried.status === 0 ? undefined : tried.stderr.trim();
}

/** Put before a command: what it writes to files and sockets, and its syncs, go to `trace` with whole pages of data. */
export function tracing(trace: string): readonly string[] {
  const calls = "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg";
  // -D: the command itself is our child, so that signals reach it and not the tracer.
  return ["strace", "-D", "-f", "-yy", "-s", "8192", "-o", trace, "-e", calls];
}

/** What the kernel was asked for, in the order in which it was asked; `at` counts lines of the trace. */
export type Step =
  /** Data for the WAL, handed over. */
  | { readonly kind: "written"; readonly at: number; readonly data: string }
  /** A sync of the WAL that began at `began` and had returned 0 at `at`. */
  | { readonly kind: "synced"; readonly at: number; readonly began: number }
  /** Data for the upstream, about to leave. */
  | { readonly kind: "sent"; readonly at: number; readonly data: string };

/** `data` is as strace prints it: quotes and what is not ASCII are escaped. */
export function stepsIn(trace: string, upstreamPort: number): readonly Step[] {
  const steps: Step[] = [];
  const syncing = new Map<string, number>();
  for (const [at, line] of trace.split("\n").entries()) {
    const [, thread = "", call = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (/^pwrite64\(\d+<[^>]*gatehouse\.db-wal>/.test(call)) steps.push({ kind: "written", at, data: call });
    if (isSend(call, upstreamPort)) steps.push({ kind: "sent", at, data: call });
    if (/^f(?:data)?sync\(\d+<[^>]*gatehouse\.db-wal>/.test(call)) syncing.set(thread, at);
    const began = syncing.get(thread);
    if (began === undefined || !/f(?:data)?sync.*\) += /.test(call)) continue;
    syncing.delete(thread);
    if (/\) += 0( \(DELAYED\))?$/.test(call)) steps.push({ kind: "synced", at, began });
  }
  return steps;
}

function isSend(call: string, port: number): boolean {
  const [, to] = /^(?:write|writev|sendto|sendmsg)\(\d+<TCP:\[[^\]]*->[^\]]*:(\d+)\]>/.exec(call) ?? [];
  return to === String(port);
}

/** The sync that covers what was written at `at`, if it had returned 0 before `before`. */
export function coveringSync(
  steps: readonly Step[],
  { at, before }: { readonly at: number; readonly before: number },
): Step | undefined {
  return steps.find((step) => step.kind === "synced" && step.began > at && step.at < before);
}
