import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "#lib/limits";
import { mask, noRules, shapeOf } from "../../test/fakes/mask-text.ts";
import type { MaskingSubject } from "./index.ts";
import { judgeSetting } from "./secret-name.ts";
import { type Treatment, Treatments } from "./treatment.ts";

// Names are the agent's own: they must cost neither time nor memory, and not fill the record.

test("a setting whose name is too long to be split into words counts as one that may be secret", () => {
  expect(judgeSetting("A".repeat(60_000))).toBe("weak");
  expect(judgeSetting("a".repeat(257))).toBe("weak");
  expect(judgeSetting("a".repeat(256))).toBe("none");
});

test("findings under names of 60,000 characters have short paths that show the cut", async () => {
  const name = "A".repeat(60_000);
  const { findings, error } = await mask(`{"${name}":{"password":"canary"}}`, {}, noRules, 65_536);
  expect(error).toBeUndefined();
  expect(findings).toHaveLength(1);
  expect(findings[0]?.path).toMatch(/^A+…A*\.password$/);
  expect(findings[0]?.path.length).toBeLessThanOrEqual(limits.findingPathCharsMax);
});

test("no nesting of names makes a path longer than its limit, and no cut leaves half a character", async () => {
  const names = Array.from({ length: 50 }, (_, index) => `${index}${"😀".repeat(40)}`);
  const text = `${names.map((name) => `{"${name}":`).join("")}{"password":"canary"}${"}".repeat(50)}`;
  const { findings, error } = await mask(text, {}, noRules, 65_536);
  expect(error).toBeUndefined();
  const path = findings[0]?.path ?? "";
  expect(path.length).toBeLessThanOrEqual(limits.findingPathCharsMax);
  expect(path).toMatch(/…/);
  expect(path).toMatch(/\.password$/);
  expect(path.isWellFormed()).toBe(true);
});

const subject: MaskingSubject = {
  operation: "test.things.get",
  direction: "answer",
  contentType: "application/json",
  contentEncoding: undefined,
  shape: shapeOf({ env: "bag" }),
  placeholder: (path) => path,
  ownCredentials: [],
};

/** Names every leaf of a tree that is `fanOut` wide at each level, and the most that was remembered meanwhile. */
function peakOf(fanOut: readonly number[], names: (index: number) => string): number {
  const treatments = new Treatments(noRules, subject);
  let peak = 0;
  const visit = (parent: Treatment, depth: number): void => {
    for (let index = 0; index < (fanOut[depth] ?? 0); index += 1) {
      const child = treatments.member(parent, names(index), () => []);
      peak = Math.max(peak, treatments.remembered);
      visit(child, depth + 1);
    }
  };
  visit(treatments.root(), 0);
  return peak;
}

test("a tree of ever new names is not remembered beyond the limit, however wide and deep", () => {
  const levels = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(levels, (fanOut) => {
      expect(peakOf(fanOut, (index) => `n${index}`)).toBeLessThanOrEqual(limits.maskMembersRememberedMax);
    }),
    { numRuns: 20 },
  );
  expect(peakOf([100, 500, 3], (index) => `n${index}`)).toBe(limits.maskMembersRememberedMax);
});

test("names that are too long to be anybody's are not remembered at all", () => {
  expect(peakOf([300], (index) => `${index}${"x".repeat(257)}`)).toBe(0);
});

test("what was remembered and forgotten again is masked the same", async () => {
  const item = (index: number) => `{"n${index}":{"password":"canary","size":${index}}}`;
  const items = Array.from({ length: limits.maskMembersRememberedMax + 10 }, (_, index) => item(index));
  const { text, error } = await mask(`[${items.join(",")}]`, {}, noRules, 65_536);
  expect(error).toBeUndefined();
  expect(text).not.toContain("canary");
  expect(text).toContain(`"size":${limits.maskMembersRememberedMax + 9}}}]`);
});

test("a field rule reaches below a name of 60,000 characters", async () => {
  const rules = { ...noRules, fields: [{ name: "owned", operation: ["**"], path: ["**", "owned"] }] };
  const { text, findings } = await mask(`{"${"A".repeat(60_000)}":{"o_wned":"canary"}}`, {}, rules, 65_536);
  expect(text).not.toContain("canary");
  expect(findings).toMatchObject([{ detector: "operator_field", rule: "owned" }]);
});
