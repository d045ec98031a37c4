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
