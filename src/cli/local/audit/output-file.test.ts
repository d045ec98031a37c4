import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeTerminal, fakeTerminal } from "../../../../test/fakes/terminal.ts";
import { withOutput } from "./output-file.ts";

let terminal: FakeTerminal;
let file: string;
beforeEach(() => {
  terminal = fakeTerminal();
  file = join(terminal.home, "entries.csv");
});
afterEach(() => terminal.remove());

test("a file that came while an export was being written is left as it is", async () => {
  const exporting = withOutput(file, terminal, async ({ write }) => {
    write("index,kind\n");
    writeFileSync(file, "somebody else's");
  });
  await expect(exporting).rejects.toMatchObject({ code: "export_file_unusable" });
  expect(readFileSync(file, "utf8")).toBe("somebody else's");
  expect(existsSync(`${file}.part`)).toBe(false);
});

test("an export that broke off leaves no file, and one that is there already is not begun", async () => {
  const broken = withOutput(file, terminal, ({ write }) => {
    write("index,kind\n");
    return Promise.reject(new Error("the server went away"));
  });
  await expect(broken).rejects.toThrow("the server went away");
  expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, false]);
  writeFileSync(file, "mine");
  let isBegun = false;
  const begun = withOutput(file, terminal, async () => {
    isBegun = true;
  });
  await expect(begun).rejects.toMatchObject({ code: "export_file_unusable" });
  expect([isBegun, readFileSync(file, "utf8")]).toEqual([false, "mine"]);
});

test("what an export that was killed left behind is not touched, and the error says what to do about it", async () => {
  writeFileSync(`${file}.part`, "half of it");
  const again = withOutput(file, terminal, async ({ write }) => write("index,kind\n"));
  await expect(again).rejects.toMatchObject({
    code: "export_file_unusable",
    message: expect.stringMatching(/entries\.csv\.part.*delete it.*or name another file/i) as string,
  });
  expect(readFileSync(`${file}.part`, "utf8")).toBe("half of it");
});

test("a file that was written is its owner's alone", async () => {
  await withOutput(file, terminal, async ({ write }) => write("index,kind\n"));
  expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual(["index,kind\n", 0o600]);
});
