import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type GoVerifier, notHere } from "./foreign-tools.ts";

/** The witness and the client of transparency-dev, built from the Go program beside this file. */
export interface ForeignWitness {
  readonly missing: string | undefined;
  /** Runs the witness for one log, until `close`. */
  serve(name: string, logKey: string): Promise<{ readonly url: string; readonly verifierKey: string }>;
  /** Shows a checkpoint to somebody's witness. */
  feed(
    url: string,
    asked: { readonly oldSize: number; readonly proof: readonly string[]; readonly checkpoint: string },
  ): Promise<string>;
  close(): void;
}

export function buildForeignWitness(): ForeignWitness {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-foreign-witness-"));
  const binary = join(folder, "foreign-witness");
  const built = spawnSync("go", ["build", "-mod=readonly", "-o", binary, "."], {
    cwd: join(import.meta.dirname, "foreign-witness"),
    encoding: "utf8",
    env: { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-buildvcs=false", CGO_ENABLED: "0" },
  });
  const said = (built.error?.message ?? built.stderr).trim();
  if (built.status !== 0 && !notHere.test(said))
    throw new Error(`the foreign witness does not build: ${said}`);
  const running: ChildProcess[] = [];
  return {
    missing:
      built.status === 0
        ? undefined
        : `a witness nobody here wrote cannot be built here: ${said.split("\n")[0]}`,
    async serve(name, logKey) {
      const child = spawn(binary, ["serve", name, logKey], { stdio: ["ignore", "pipe", "inherit"] });
      running.push(child);
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      const [verifierKey = "", url = ""] = line.split(" ");
      return { verifierKey, url };
    },
    async feed(url, { oldSize, proof, checkpoint }) {
      const child = spawn(binary, ["feed", url, String(oldSize)], { stdio: ["pipe", "pipe", "inherit"] });
      let heard = "";
      child.stdout.on("data", (chunk: Buffer) => {
        heard += chunk.toString();
      });
      child.stdin.end([...proof, "", checkpoint].join("\n"));
      await once(child, "close");
      return heard;
    },
    close: () => {
      for (const child of running) child.kill();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What Go's note package and transparency-dev's cosignature verifier say of a checkpoint. */
export function goSaysCosigned(
  go: GoVerifier,
  files: { logKey: string; checkpoint: string; witnessKey: string },
): string {
  return go.run("cosigned", files.logKey, files.checkpoint, files.witnessKey);
}
