// Appends one entry after the other and says after each what it was told. After the first refusal it tries twice
// more. Run as `node sync-child.ts FOLDER`, under a tracer that makes one sync fail.
import { messageOf } from "../../src/lib/errors.ts";
import { openLogIn } from "./log-in-folder.ts";

const [folder = ""] = process.argv.slice(2);
const { log, failures } = await openLogIn(folder);

let refusals = 0;
for (let n = 0; n < 2_000 && refusals < 3; n += 1) {
  const exchangeId = `exc_${n}`;
  try {
    await log.append({ kind: "exchange.intent", exchangeId });
    console.log(`recorded ${exchangeId}`);
  } catch (error) {
    refusals += 1;
    const code = error instanceof Error && "code" in error ? String(error.code) : messageOf(error);
    console.log(`refused ${code}`);
  }
}
console.log(`failures ${failures.length}`);
process.exit(0);
