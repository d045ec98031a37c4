import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { ocsfEvent } from "#exports";
import { entryKinds } from "#lib/entry-words";
import { exportExamples, syslogText } from "./export-examples.ts";

const page = readFileSync(new URL("../../docs/exports.md", import.meta.url), "utf8");

test("every example of the page on exports is what the code makes, and every form has one", async () => {
  const shown = [...page.matchAll(/^<!-- example: (\w+) -->\n```\w*\n([\s\S]*?)\n```$/gm)].map(
    ([, name, text]) => [name, text] as const,
  );
  expect(Object.fromEntries(shown)).toEqual(await exportExamples());
});

const source = { origin: "gatehouse.example/log", productVersion: "0.1.0" };
const at = "2026-11-28T12:00:00.000Z";
const wordsOf = z.looseObject({
  class_name: z.string(),
  activity_name: z.string(),
  status: z.string().default(""),
  severity: z.string(),
});

/** What the code makes of an entry of this kind that says nothing else, as a row of the page's table says it. */
async function toldOf(kind: string): Promise<readonly string[]> {
  const ofExchange = /^(exchange|outcome)\./.test(kind) ? { exchange: "exc_0" } : {};
  const event = wordsOf.parse(ocsfEvent({ index: 0, id: "rec_0", kind, at, ...ofExchange }, source));
  const activity = new Map([
    [kind, "the kind"],
    ["Unknown", "by operation"],
  ]).get(event.activity_name);
  const entry = { index: 0, at, kind, class: undefined, json: "{}" };
  const message = await syslogText({ origin: source.origin, first: 0, last: 0, entries: [entry] });
  const priority = Number(/^\d+ <(\d+)>/.exec(message)?.[1]);
  return [
    event.class_name,
    activity ?? event.activity_name,
    event.status,
    event.severity,
    String(priority - 13 * 8),
  ];
}

test("the page's table says of every kind of entry what it leaves as, and names each once", async () => {
  const section = page.split("\n## ").find((each) => each.startsWith("OCSF\n")) ?? "";
  const table = [...section.matchAll(/^\| (`.*`) \|(.*)\|$/gm)].flatMap(([, kinds = "", told = ""]) =>
    [...kinds.matchAll(/`([a-z_.]+)`/g)].map(
      ([, kind = ""]) => [kind, told.split("|").map((cell) => cell.trim())] as const,
    ),
  );
  expect(table.map(([kind]) => kind).sort()).toEqual([...entryKinds].sort());
  for (const [kind, told] of table) expect([kind, told]).toEqual([kind, await toldOf(kind)]);
});
