import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Act, type Actor, allActs, allRoles, mayDo, permissionOf } from "#identity";

const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
const section = page.slice(page.indexOf("## Roles"), page.indexOf("## Database"));
const [head = [], , ...rows] = [...section.matchAll(/^\| (.+) \|$/gm)].map(([, row = ""]) =>
  row.split(/ ?\| ?/).map((cell) => cell.trim()),
);

test("the table of roles in the documentation has the roles and acts of the code", () => {
  expect(head.slice(1, -1)).toEqual([...allRoles]);
  expect(rows.map(([act = ""]) => /^`([^`]+)`/.exec(act)?.[1])).toEqual([...allActs]);
});

const cells = allActs.flatMap((act, row) =>
  allRoles.map((role, column) => ({ act, role, documented: rows[row]?.[column + 1] === "yes" })),
);

test.each(cells)("$role × $act is in the documentation as in the code", ({ act, role, documented }) => {
  expect(documented).toBe(mayDo(role, act));
});

const now = new Date("2026-11-28T12:00:00Z");
const old = new Date("2026-11-28T11:30:00Z");
const principal = { id: "p", issuer: "i", subject: "s", email: undefined, groups: [] };

/** With all roles, so that only the proof decides. */
function isEnough(act: Act, proof: Pick<Actor, "proof" | "signedInAt">): boolean {
  const actor: Actor = { principal, roles: allRoles, sessionId: undefined, ...proof };
  return permissionOf(actor, act, now) === "granted";
}

test.each(allActs)("the proof that %s needs is the one the documentation names", (act) => {
  const documented = rows[allActs.indexOf(act)]?.at(-1);
  const asked = {
    stored: isEnough(act, { proof: "agent_token", signedInAt: undefined }),
    browser: isEnough(act, { proof: "browser", signedInAt: old }),
    fresh: isEnough(act, { proof: "console_token", signedInAt: now }),
  };
  expect(asked).toEqual({
    stored: documented === "stored",
    browser: documented === "stored" || documented === "browser, or fresh",
    fresh: true,
  });
});
