import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { limits } from "#lib/limits";
import { openLiveSet } from "./live-set.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "live-set-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

/** Documents that say `bad` are refused. `look` is what the watcher does from time to time. */
async function live(path: string) {
  const replaced: string[] = [];
  const refused: string[] = [];
  let isLogFull = false;
  let look = (): void => undefined;
  const set = await openLiveSet<string>(
    {
      name: "policies",
      paths: [path],
      parse: (documents) => {
        const value = documents.map(({ text }) => text).join("|");
        return value.includes("bad") ? { kind: "refused", problems: [value] } : { kind: "parsed", value };
      },
      onReplaced: async (value) => {
        if (isLogFull) throw new Error("the log is full");
        replaced.push(value);
      },
      onRefused: async (problems) => void refused.push(...problems),
    },
    (_paths, onChange) => {
      look = onChange;
      return { close: () => undefined };
    },
  );
  return {
    set,
    replaced,
    refused,
    fillLog: (isFull: boolean) => {
      isLogFull = isFull;
    },
    looked: async () => {
      look();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("a set that does not parse at the start is not served at all", async () => {
  writeFileSync(join(folder, "a.yaml"), "bad");
  await expect(live(folder)).rejects.toMatchObject({ code: "documents_invalid" });
});

test("a changed set with a mistake leaves the old one in force and is reported once, however often it is looked at", async () => {
  const file = join(folder, "a.yaml");
  writeFileSync(file, "one");
  const on = await live(folder);
  writeFileSync(file, "bad");
  for (let count = 0; count < 3; count += 1) await on.looked();
  expect(on.set.current()).toBe("one");
  expect(on.refused).toEqual(["bad"]);
  writeFileSync(file, "one");
  await on.looked();
  writeFileSync(file, "bad");
  await on.looked();
  expect(on.refused).toEqual(["bad", "bad"]);
});

test("a removed folder leaves its rules in force, and what comes back in its place counts", async () => {
  const place = join(folder, "policies");
  mkdirSync(place);
  writeFileSync(join(place, "a.yaml"), "one");
  const on = await live(place);
  rmSync(place, { recursive: true });
  await on.looked();
  expect(on.set.current()).toBe("one");
  expect(on.refused).toEqual([expect.stringContaining("does not exist")]);
  mkdirSync(place);
  writeFileSync(join(place, "a.yaml"), "two");
  await on.looked();
  expect(on.set.current()).toBe("two");
});

test("a change that cannot be put on record is not in force, and is once the log works again", async () => {
  const file = join(folder, "a.yaml");
  writeFileSync(file, "one");
  const on = await live(folder);
  on.fillLog(true);
  writeFileSync(file, "two");
  await on.looked();
  expect(on.set.current()).toBe("one");
  on.fillLog(false);
  await on.looked();
  expect(on.set.current()).toBe("two");
});

test("a denial that could not be put on record comes into force by itself once the log works again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const file = join(folder, "a.yaml");
  writeFileSync(file, "one");
  const on = await live(folder);
  on.fillLog(true);
  writeFileSync(file, "two");
  await on.looked();
  vi.advanceTimersByTime(limits.documentsLookMs);
  await settled();
  expect(on.set.current()).toBe("one");
  on.fillLog(false);
  vi.advanceTimersByTime(limits.documentsLookMs);
  await settled();
  expect(on.set.current()).toBe("two");
  expect(vi.getTimerCount()).toBe(0);
});

test("a denial in a folder that a link was swapped to comes into force, although no watch tells of it", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  for (const release of ["r1", "r2"]) {
    mkdirSync(join(folder, release));
    writeFileSync(join(folder, release, "a.yaml"), release);
  }
  const current = join(folder, "current");
  symlinkSync("r1", current);
  const set = await openLiveSet<string>({
    name: "policies",
    paths: [current],
    parse: (documents) => ({ kind: "parsed", value: documents.map(({ text }) => text).join("|") }),
    onReplaced: async () => undefined,
    onRefused: async () => undefined,
  });
  symlinkSync("r2", join(folder, "next"));
  renameSync(join(folder, "next"), current);
  vi.advanceTimersByTime(2 * limits.documentsLookMs);
  await new Promise((resolve) => setImmediate(resolve));
  expect(set.current()).toBe("r2");
  set.close();
});
