import { spawnSync } from "node:child_process";
import { onTestFinished } from "vitest";

/** Mounts a file system of its own over the folder; the reason when that is not permitted. */
export function mountSmall(folder: string, bytes: number): string | undefined {
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], {
    encoding: "utf8",
  });
  if (mounted.status !== 0) return mounted.stderr.trim() || String(mounted.error);
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return undefined;
}
