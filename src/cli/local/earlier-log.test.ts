import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LogPins } from "#agent";
import { forgetEarlierLog } from "./earlier-log.ts";

const server = "http://127.0.0.1:8440";

function pinned(): LogPins {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-pins-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pins = new LogPins(folder);
  for (const each of [server, "https://gatehouse.example.com"])
    pins.replace(undefined, {
      server: each,
      verifierKey: "one",
      checkpoint: "note",
      seenAt: "2026-11-28T12:00:00.000Z",
    });
  return pins;
}

test("a quick start from a new folder is not taken for an earlier one whose log was changed", () => {
  const pins = pinned();
  expect(forgetEarlierLog(pins, { server, verifierKey: "other" })).toBe(true);
  expect(pins.all().map((pin) => pin.server)).toEqual(["https://gatehouse.example.com"]);
  expect(forgetEarlierLog(pins, { server, verifierKey: "other" })).toBe(false);
});

test("the log of the same quick start stays pinned, so that one cut short is still found", () => {
  const pins = pinned();
  expect(forgetEarlierLog(pins, { server, verifierKey: "one" })).toBe(false);
  expect(pins.read(server)).toMatchObject({ verifierKey: "one" });
});
