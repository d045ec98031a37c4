import { expect, test } from "vitest";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import { createLogger, type LogLevel } from "./logger.ts";

function logging(level: LogLevel = "info") {
  const lines: string[] = [];
  return { lines, log: createLogger(level, { write: (line) => lines.push(line) }) };
}

const googleToken = "ya29.c.b0Aaekm1K3nZ8vTq0WxYz-_canary";
const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ";

test("a token never reaches the log, whichever way it tries", () => {
  const { lines, log } = logging();
  log.info({ headers: { authorization: "Bearer opaque-canary-token" } }, "in a header");
  log.info({ token: "opaque-canary-token" }, "as a member");
  log.info({ deep: { session: { password: "opaque-canary-token" } } }, "deeper");
  log.info({ credential: new Secret("opaque-canary-token") }, "as a Secret");
  log.info({ nested: { value: new Secret("opaque-canary-token") } }, "as a Secret elsewhere");
  log.warn({ err: new Error(`upstream said no to ${googleToken}`) }, "in an error");
  log.warn(
    { err: new GatehouseError("x", "failed", { cause: new Error(`jwt ${jwt}`) }) },
    "in the cause of an error",
  );
  log.error({}, `in the sentence: Authorization: Bearer opaque-canary-token`);
  log.error({ url: `https://example.com/?t=${googleToken}` }, "in a URL");
  expect(lines).toHaveLength(9);
  const all = lines.join("");
  for (const needle of ["canary", "ya29", "eyJ"]) expect(all).not.toContain(needle);
});

test("a line is one JSON object with time, level, facts and a sentence", () => {
  const { lines, log } = logging();
  log.info({ exchangeId: "exc_1", status: 200 }, "exchange finished");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "info",
    exchangeId: "exc_1",
    status: 200,
    msg: "exchange finished",
  });
});

test("a cause reaches our log, so that operators can find out why", () => {
  const { lines, log } = logging();
  log.error({ err: new Error("outer", { cause: new Error("disk full") }) }, "append failed");
  expect(lines[0]).toContain("disk full");
});

test("levels below the chosen one are not written", () => {
  const { lines, log } = logging("warn");
  log.info({}, "quiet");
  expect(lines).toHaveLength(0);
});

test("a key that was cut off, or is itself encrypted, and a webhook's secret never reach the log", () => {
  const { lines, log } = logging();
  log.warn({ err: new Error("-----BEGIN PRIVATE KEY-----\nMIIcanary") }, "cut off");
  const encrypted =
    "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,00\n\nMIIcanary\n-----END RSA PRIVATE KEY-----";
  log.warn({ said: encrypted }, "encrypted");
  log.warn({ said: `whsec_${"canary".repeat(6)}` }, "webhook");
  for (const line of lines) expect(line).not.toContain("canary");
  expect(lines).toHaveLength(3);
});

test("a stranger's line of beginnings costs no more than its length", () => {
  const { lines, log } = logging();
  // A cost that grew with the square would hold the process for minutes, far beyond what a test may take.
  for (const beginning of [
    "eyJ-",
    "eyJaaaaa.",
    "-----BEGIN PRIVATE KEY-----",
    "ya29.-",
    "whsec_",
    "bearer ",
  ]) {
    log.warn({ said: beginning.repeat(1_000_000) }, "a header");
  }
  expect(lines).toHaveLength(6);
});

test("what a stranger said cannot drive the terminal that shows the log, and is there for who parses it", () => {
  const { lines, log } = logging();
  const said = "\u009B2J\u202Egnp.exe\u200B\u001B[31m";
  log.warn({ said }, "a header");
  expect(lines[0]).not.toMatch(/\p{Cc}(?!$)|\p{Cf}/u);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ said });
});
