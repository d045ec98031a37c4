import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatehouse } from "../fakes/whole-command-line.ts";

/** Something that looks at an exported log and says what it thinks. */
export interface Verifier {
  readonly name: string;
  /** `undefined` when it can be asked; otherwise why it cannot, for the skip that is printed. */
  readonly missing: string | undefined;
  /** `ok`, or its own words about what is wrong. */
  verdict(folder: string, kept: string): Promise<string>;
}

export interface GoVerifier {
  readonly missing: string | undefined;
  run(...args: readonly string[]): string;
  close(): void;
}

/** What says that the machine has no Go, none that is new enough, or no way to the modules; anything else is our bug. */
export const notHere =
  /ENOENT|requires go >=|toolchain not available|dial tcp|no such host|connection refused|i\/o timeout|proxyconnect/;

/** Builds the Go program beside this file, from modules pinned by its go.sum. */
export function buildGoVerifier(): GoVerifier {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-verifier-"));
  const binary = join(folder, "verifier");
  const built = spawnSync("go", ["build", "-mod=readonly", "-o", binary, "."], {
    cwd: join(import.meta.dirname, "verifier"),
    encoding: "utf8",
    env: { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-buildvcs=false", CGO_ENABLED: "0" },
  });
  // Without the program there is no output either.
  const said = (built.error?.message ?? built.stderr).trim();
  if (built.status !== 0 && !notHere.test(said)) throw new Error(`the Go verifier does not build: ${said}`);
  const missing =
    built.status === 0 ? undefined : `the Go verifier cannot be built here: ${said.split("\n")[0]}`;
  return {
    missing,
    run: (...args) => {
      const ran = spawnSync(binary, args, { encoding: "utf8" });
      if (ran.status === 0) return "ok";
      return ran.stdout.trim() || `exit ${ran.status}: ${ran.stderr.trim().slice(0, 300)}`;
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}

const vkey = (folder: string): string => join(folder, "log.vkey");

export function verifiers(go: GoVerifier): readonly Verifier[] {
  const { missing } = go;
  return [
    { name: "gatehouse", missing: undefined, verdict: (folder) => ours(folder) },
    { name: "gatehouse, checkpoint kept", missing: undefined, verdict: (folder, kept) => ours(folder, kept) },
    { name: "Go x/mod/sumdb", missing, verdict: async (folder) => go.run("log", vkey(folder), folder) },
    {
      name: "Go x/mod/sumdb, checkpoint kept",
      missing,
      verdict: async (folder, kept) => go.run("log", vkey(folder), folder, kept),
    },
    { name: "Tessera fsck", missing, verdict: async (folder) => go.run("fsck", vkey(folder), folder) },
    { name: "openssl (signature)", missing: opensslMissing(), verdict: async (folder) => openssl(folder) },
  ];
}

async function ours(folder: string, kept?: string): Promise<string> {
  const words = ["audit", "verify", folder, "--key", vkey(folder)];
  const said = await gatehouse(
    "http://127.0.0.1:1",
    ...words,
    ...(kept === undefined ? [] : ["--pinned", kept]),
  );
  return said.status === 0 ? "ok" : said.status === 7 ? said.out : `exit ${said.status}: ${said.err}`;
}

function opensslMissing(): string | undefined {
  const { stdout, error } = spawnSync("openssl", ["version"], { encoding: "utf8" });
  if (error !== undefined) return "openssl is not installed on this machine";
  return /^OpenSSL [3-9]/.test(stdout) ? undefined : `${stdout.trim()} cannot check Ed25519 over a file`;
}

/** The checkpoint's Ed25519 signature with nothing but openssl and coreutils; docs/verify-it-yourself.md has it too. */
const script = `
set -eu
{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'; cut -d+ -f3- log.vkey | base64 -d | tail -c 32; } > log.der
openssl pkey -pubin -inform DER -in log.der -out log.pem
awk '/^$/{exit} {print}' checkpoint > text
awk -v n="$(cut -d+ -f1 log.vkey)" '$1=="—" && $2==n {print $3; exit}' checkpoint | base64 -d | tail -c +5 > sig
openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in text -sigfile sig`;

function openssl(folder: string): string {
  const ran = spawnSync("sh", ["-c", script], { cwd: folder, encoding: "utf8" });
  for (const file of ["log.der", "log.pem", "text", "sig"]) rmSync(join(folder, file), { force: true });
  return ran.status === 0 ? "ok" : `${ran.stdout}${ran.stderr}`.trim();
}
