// Runs `gatehouse demo --json` with gcloud (where installed) and without, and counts the steps that held.
import { spawnSync } from "node:child_process";

let passed = 0;
let failed = 0;
for (const flags of [[], ["--no-gcloud"]]) {
  const demo = spawnSync(process.execPath, ["bin/gatehouse.mjs", "demo", "--json", ...flags], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const steps = demo.stdout.split("\n").filter((line) => line.startsWith("{"));
  for (const line of steps) {
    console.log(line);
    const step: unknown = JSON.parse(line);
    if (typeof step === "object" && step !== null && "ok" in step && step.ok === true) passed += 1;
    else failed += 1;
  }
  // A demo that dies before its end has not shown what it promises.
  if (demo.status !== 0 || steps.length === 0) failed += 1;
}
console.log(`\n${passed} passed, ${failed} failed, 0 skipped`);
process.exitCode = failed === 0 ? 0 : 1;
