import { expect, test } from "vitest";
import { table } from "./text.ts";

const header = ["INDEX", "TIME", "KIND", "PRINCIPAL", "OPERATION", "RESOURCE", "RESULT"];
const rows = [
  [
    "1234567",
    "2026-11-24 12:00:00 UTC",
    "exchange.intent",
    "developer@example.com",
    "secretmanager.projects.secrets.versions.access",
    "projects/practice-project/secrets/payroll-database-password/versions/latest",
    "require_approval",
  ],
  [
    "8",
    "2026-11-24 12:00:01 UTC",
    "exchange.outcome",
    "developer@example.com",
    "storage.buckets.get",
    "",
    "200",
  ],
];
const widest = (text: string): number => Math.max(...text.split("\n").map((line) => line.length));

test("on a screen of 80 columns lines fit, and what was shortened shows that it was", () => {
  const text = table(header, rows, 80);
  expect(widest(text)).toBe(80);
  expect(text.split("\n")[1]).toMatch(
    /^1234567 {2}2026-11-24 12:00:00 UTC {2}exch\S*… {2}deve\S*… {2}secr\S*… {2}proj\S*… {2}requ\S*…$/,
  );
});

test("only the widest are shortened, as little as it takes", () => {
  const text = table(header, rows, 180);
  expect(widest(text)).toBe(180);
  for (const whole of [
    "exchange.outcome",
    "developer@example.com",
    "require_approval",
    "secretmanager.projects.secrets.versions.",
  ])
    expect(text).toContain(whole);
});

test("on a screen of 40 columns no column gets so narrow that it tells nothing, and ids, times and numbers stay whole", () => {
  const id = "ses_01a22273cad070f3909d2a08c537be14";
  const text = table(
    ["ID", "AGENT", "STARTED"],
    [[id, "claude-code-with-a-long-name", "2026-11-24 12:00:00 UTC"]],
    40,
  );
  expect(text.split("\n")[1]).toBe(`${id}  claud…  2026-11-24 12:00:00 UTC`);
  expect(table(header, rows, 40).split("\n")[2]).toBe(
    "8        2026-11-24 12:00:01 UTC  excha…  devel…  stora…          200",
  );
});

test("where no screen is known, what is piped is whole", () => {
  expect(table(header, rows, undefined)).toBe(table(header, rows));
  for (const each of rows.flat()) expect(table(header, rows)).toContain(each);
});

test("a character of two units is shortened as a whole", () => {
  expect(table(["RESOURCE"], [["🪣🪣🪣🪣🪣🪣"]], 6).split("\n")[1]).toBe("🪣🪣…");
});
