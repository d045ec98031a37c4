import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { createRunningExchanges } from "./running-exchanges.ts";

test("a session cannot pile up calls whose clients have gone, and another session is not held up by it", () => {
  const exchanges = createRunningExchanges();
  for (let count = 0; count < limits.exchangesPerSessionMax; count += 1) {
    const exchange = exchanges.begin(`exc_${count}`);
    expect(exchange.bind("ses_1")).toBe(true);
    exchange.abort("client_gone");
  }
  expect(exchanges.begin("exc_last").bind("ses_1")).toBe(false);
  expect(exchanges.begin("exc_other").bind("ses_2")).toBe(true);
});

test("an exchange that is over makes room", async () => {
  const exchanges = createRunningExchanges();
  const begun = Array.from({ length: limits.exchangesPerSessionMax }, (_, count) => {
    const exchange = exchanges.begin(`exc_${count}`);
    exchange.bind("ses_1");
    return exchange;
  });
  begun[0]?.track(Promise.resolve());
  await new Promise(setImmediate);
  expect(exchanges.begin("exc_last").bind("ses_1")).toBe(true);
});
