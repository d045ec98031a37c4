// Runs a suite that kills processes: `node tools/crash-suite.ts CONFIG [--full] [--seed N] [what vitest takes]`. With
// `--full` it kills two hundred times where CI kills a few; `--seed` draws other moments.
import { spawnSync } from "node:child_process";

const [config = "", ...words] = process.argv.slice(2);
const isFull = words.includes("--full");
const seedAt = words.indexOf("--seed");
const seed = seedAt < 0 ? undefined : words[seedAt + 1];
const rest = words.filter(
  (word, at) => word !== "--full" && (seedAt < 0 || (at !== seedAt && at !== seedAt + 1)),
);

const ran = spawnSync("npx", ["vitest", "run", "--config", config, ...rest], {
  stdio: "inherit",
  env: {
    ...process.env,
    ...(isFull ? { CRASH_ROUNDS: "200" } : {}),
    ...(seed === undefined ? {} : { CRASH_SEED: seed }),
  },
});
process.exitCode = ran.status ?? 1;
