// A gateway reduced to its promise: intent, then send, then outcome. Run as `node gateway-child.ts FOLDER PORT AT_ONCE
// [EXCHANGES]`; without a number of exchanges it goes on until it is killed.
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { systemClock } from "../../src/lib/clock.ts";
import { messageOf } from "../../src/lib/errors.ts";
import { newId } from "../../src/lib/ids.ts";
import { openLogIn } from "./log-in-folder.ts";

const [folder = "", port = "", atOnce = "", exchanges = "Infinity"] = process.argv.slice(2);

const { log, close } = await openLogIn(folder);
const upstream = connect(Number(port), "127.0.0.1");
await once(upstream, "connect");

const waiting = new Map<string, () => void>();
createInterface({ input: upstream }).on("line", (line) => waiting.get(line)?.());

async function exchange(): Promise<void> {
  const exchangeId = newId("exc", systemClock);
  const sessionId = `ses_${process.pid}`;
  await log.append({
    kind: "exchange.intent",
    sessionId,
    exchangeId,
    detail: { host: "storage.googleapis.com" },
    attachments: [{ role: "request", bytes: Buffer.alloc(2_000, exchangeId), isTruncated: false }],
  });
  const answered = new Promise<void>((resolve) => waiting.set(exchangeId, resolve));
  upstream.write(`${exchangeId}\n`);
  await answered;
  waiting.delete(exchangeId);
  await log.append({ kind: "exchange.outcome", sessionId, exchangeId, status: 200 });
}

let left = Number(exchanges);
async function work(): Promise<void> {
  while (left > 0) {
    left -= 1;
    await exchange();
  }
}

try {
  await Promise.all(Array.from({ length: Number(atOnce) }, work));
  upstream.end();
  await close();
} catch (error) {
  console.log(messageOf(error));
  process.exit(70);
}
