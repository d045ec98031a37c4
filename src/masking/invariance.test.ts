import fc from "fast-check";
import { expect, test } from "vitest";
import { Secret } from "#lib/secret";
import type { SecretShape } from "#lib/secret-shape";
import { type MaskingRules, parseMaskingRules, planMasking } from "./index.ts";
import { replacePatterns } from "./pattern-search.ts";
import { isCarrier, isSecretSetting, isSecretValue, judgeName, judgeSetting } from "./secret-name.ts";
import { coversSegments } from "./segments.ts";
import { bytesNames, isChecksumOf, normalName } from "./shape.ts";

// The plain masker: recursive, on a tree, with no idea of streams. The real one must say the same.

type Tree =
  | { kind: "word"; text: string }
  | { kind: "number"; text: string }
  | { kind: "text"; text: string }
  | { kind: "list"; items: Tree[] }
  | { kind: "object"; members: [string, Tree][] };

interface Place {
  name: string;
  /** The name that says what it is: its own, or the one around it. */
  telling: string;
  path: string[];
  label: string;
  shape: SecretShape | undefined;
  isBag: boolean;
  isForced: boolean;
  isBytes: boolean;
}

const operation = "test.things.get";
const placeholder = (label: string): string => `[masked ${label}]`;

/** `names`: of the settings within whose values this is. */
function plain(tree: Tree, place: Place, rules: MaskingRules, names: string[] = []): string {
  const stand = (): string => {
    const text = placeholder(place.label);
    return JSON.stringify(place.isBytes ? Buffer.from(text).toString("base64") : text);
  };
  switch (tree.kind) {
    case "list": {
      const element = { ...place, label: `${place.label}[]` };
      return `[${tree.items.map((item) => plain(item, element, rules, names)).join(",")}]`;
    }
    case "object":
      return plainObject(tree.members, place, rules, names);
    case "word":
      return place.isForced && tree.text !== "null" ? stand() : tree.text;
    case "text":
    case "number": {
      const raw = tree.kind === "text" ? JSON.stringify(tree.text) : tree.text;
      if (raw === '""') return raw;
      const isSecret = (name: string): boolean =>
        place.isBag
          ? isSecretSetting(judgeSetting(name), tree.text)
          : isSecretValue(judgeName(name), tree.text);
      if (place.isForced || isSecret(place.telling) || names.some(isSecret)) return stand();
      const found = replacePatterns(rules.patterns, tree.text, () => placeholder(place.label));
      return found === undefined ? raw : JSON.stringify(found.text);
    }
  }
}

function plainObject(members: [string, Tree][], place: Place, rules: MaskingRules, around: string[]): string {
  const type = members.find(([name]) => name === "@type")?.[1];
  const any = type?.kind === "text" && !place.isForced ? place.shape?.ofType?.(type.text) : undefined;
  const fields = new Map([...(place.shape?.fields ?? []), ...(any?.fields ?? [])]);
  const fieldRules = rules.fields.filter((rule) => coversSegments(rule.operation, operation.split(".")));
  const covers = (path: string[]): boolean =>
    fieldRules.some((rule) => coversSegments(rule.path, path.map(normalName)));
  const strict = [...fields].filter(([, kind]) => kind === "strict" || kind === "strict_bytes");
  const masked = [
    ...strict.map(([name]) => normalName(name)),
    ...fieldRules.flatMap((rule) =>
      covers([...place.path, rule.path.at(-1) ?? ""]) ? [rule.path.at(-1) ?? ""] : [],
    ),
  ];
  const settingNames = members.flatMap(([name, value]) =>
    (name === "name" || name === "key") && value.kind === "text" && !place.isForced ? [value.text] : [],
  );
  const written = members.flatMap(([name, value]) => {
    if (!place.isForced && isChecksumOf(normalName(name), masked)) return [];
    const kind = fields.get(name);
    const path = [...place.path, name];
    const isNamed = rules.names.some((rule) => rule.pattern.matches(name));
    const child: Place = {
      name,
      telling: isCarrier(name) ? place.telling : name,
      path,
      label: place.label === "" ? name : `${place.label}.${name}`,
      shape: typeof kind === "object" ? kind : undefined,
      isBag: place.isBag || kind === "bag",
      isForced: place.isForced || kind === "strict" || kind === "strict_bytes" || covers(path) || isNamed,
      isBytes: kind === "strict_bytes" || bytesNames.has(normalName(name)),
    };
    const shown = replacePatterns(rules.patterns, name, () => placeholder(`${place.label}.*`))?.text ?? name;
    return [
      `${JSON.stringify(shown)}:${plain(value, child, rules, name === "value" ? [...around, ...settingNames] : around)}`,
    ];
  });
  return `{${written.join(",")}}`;
}

// Documents

const key: SecretShape = {
  fields: new Map([
    ["keyString", "strict"],
    ["wire", "strict_bytes"],
    ["env", "bag"],
  ]),
};
const shape: SecretShape = {
  fields: new Map<string, "strict" | "strict_bytes" | "bag" | SecretShape>([
    ["data", "strict_bytes"],
    ["top", "strict"],
    ["env", "bag"],
    ["inner", key],
    ["any", { fields: new Map(), ofType: (url) => (url === "Key" ? key : undefined) }],
  ]),
};
(shape.fields as Map<string, SecretShape>).set("self", shape);

const rules = ((): MaskingRules => {
  const parsed = parseMaskingRules([
    {
      file: "masking.yaml",
      text: `
masking:
  fields: [{ name: owned, operation: "test.**", field: "**.owned" }, { name: deep, operation: "test.*.get", field: "self.*.place" }]
  names: ["*_mine"]
  patterns: [{ name: ticket, pattern: "TCK-[0-9]+" }, { name: long, pattern: "[0-9]{12,}" }]`,
    },
  ]);
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  return parsed.rules;
})();
const noRules: MaskingRules = { fields: [], names: [], patterns: [], version: "" };

const memberName = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      "data",
      "top",
      "env",
      "inner",
      "any",
      "self",
      "keyString",
      "wire",
      "name",
      "key",
      "value",
      "password",
      "apiKey",
      "secret",
      "nextPageToken",
      "dataCrc32c",
      "crc32c",
      "ownedMd5",
      "owned",
      "place",
      "a_mine",
      "TCK-1",
      "DB_PASSWORD",
      "é😀",
      "",
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 6 }).filter((name) => name !== "@type") },
);
const text = fc.oneof(
  fc.constantFrom(
    "",
    "true",
    "DB_PASSWORD",
    "DB_HOST",
    "projects/p/secrets/s",
    "kX7Qp2Lm9Zk4Rt8Wv3",
    "see TCK-12 and TCK-13",
    "postgres://u:pw@h/d",
    "KEY=kX7Qp2Lm9Zk4Rt8Wv3",
    "Key",
    '\u2028"\\/\n',
    "\ud800",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const number = fc.constantFrom("0", "-0.0", "0.10", "1e400", "12345678901234567890", "-7E-3", "42");
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({ kind: fc.constant("text" as const), text }),
    fc.record({ kind: fc.constant("number" as const), text: number }),
    fc.record({ kind: fc.constant("word" as const), text: fc.constantFrom("true", "false", "null") }),
    fc.record({ kind: fc.constant("list" as const), items: fc.array(tie("tree"), { maxLength: 4 }) }),
    objectOf(fc.array(fc.tuple(memberName, tie("tree")), { maxLength: 6 })),
  ),
}));

/** At most one `@type` and one name of a setting: repeated ones are refused, which other tests cover. */
function objectOf(members: fc.Arbitrary<[string, Tree][]>): fc.Arbitrary<Tree> {
  return fc
    .tuple(members, fc.option(fc.tuple(fc.nat(6), fc.constantFrom("Key", "Other")), { freq: 3 }))
    .map(([all, type]) => {
      const single = new Set(["name", "key", "value"]);
      const kept = all.filter(
        ([name], index) => !single.has(name) || all.findIndex(([each]) => each === name) === index,
      );
      if (type !== null) kept.splice(type[0], 0, ["@type", { kind: "text", text: type[1] }]);
      return { kind: "object" as const, members: kept };
    });
}

function write(value: Tree, space: () => string): string {
  const s = space;
  switch (value.kind) {
    case "list":
      return `[${s()}${value.items.map((item) => write(item, s)).join(`${s()},${s()}`)}${s()}]`;
    case "object": {
      const members = value.members.map(
        ([name, each]) => `${JSON.stringify(name)}${s()}:${s()}${write(each, s)}`,
      );
      return `{${s()}${members.join(`${s()},${s()}`)}${s()}}`;
    }
    case "text":
      return JSON.stringify(value.text);
    case "number":
    case "word":
      return value.text;
  }
}

async function stream(
  bytes: Buffer,
  cuts: readonly number[],
  active: MaskingRules,
  credentials: string[] = [],
): Promise<string> {
  const plan = planMasking(active, {
    operation,
    direction: "answer",
    contentType: "application/json",
    contentEncoding: undefined,
    shape,
    placeholder,
    ownCredentials: credentials.map((each) => new Secret(each)),
  });
  if (plan.kind === "refuse") throw new Error(plan.reason);
  const { stream: through } = plan.open();
  const out: Buffer[] = [];
  through.on("data", (chunk: Buffer) => out.push(chunk));
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const to = Math.min(Math.max(cut, from), bytes.length);
    if (to > from) through.write(bytes.subarray(from, to));
    from = to;
  }
  through.end();
  await new Promise<void>((resolve, reject) => through.on("end", resolve).on("error", reject));
  return Buffer.concat(out).toString("utf8");
}

const root: Place = {
  name: "",
  telling: "",
  path: [],
  label: "",
  shape,
  isBag: false,
  isForced: false,
  isBytes: false,
};
const labelled = (value: Tree, active: MaskingRules): string => plain(value, root, active);
const everyByte = (bytes: Buffer): number[] => [...bytes.keys()];
const cutsOf = fc.array(fc.nat(400), { maxLength: 12 }).map((cuts) => cuts.sort((one, other) => one - other));

/** Found once: a value that is wrapped, and named after it. */
const wrappedSecret: Tree = {
  kind: "object",
  members: [
    ["value", { kind: "object", members: [["data", { kind: "text", text: " " }]] }],
    ["name", { kind: "text", text: "DB_PASSWORD" }],
  ],
};

test.each([
  ["without rules of the operator", noRules],
  ["with them", rules],
])(
  "however a document is cut, one output comes out, the one a plain masker makes, %s",
  async (_name, active) => {
    await fc.assert(
      fc.asyncProperty(tree, cutsOf, async (document, cuts) => {
        const bytes = Buffer.from(write(document, () => ""));
        const expected = labelled(document, active);
        expect(await stream(bytes, [], active)).toBe(expected);
        expect(await stream(bytes, cuts, active)).toBe(expected);
        expect(await stream(bytes, everyByte(bytes), active)).toBe(expected);
      }),
      { numRuns: 1000, examples: [[wrappedSecret, []]] },
    );
  },
);

test("space between tokens changes nothing but itself, and the output stays JSON", async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      cutsOf,
      fc.infiniteStream(fc.constantFrom("", " ", "\n", "\t  ")),
      async (document, cuts, spaces) => {
        const space = (): string => {
          const next = spaces.next();
          return next.done === true ? "" : next.value;
        };
        const bytes = Buffer.from(write(document, space));
        const masked = await stream(bytes, cuts, rules);
        expect(JSON.parse(masked)).toEqual(JSON.parse(labelled(document, rules)));
        expect(await stream(bytes, everyByte(bytes), rules)).toBe(masked);
      },
    ),
    { numRuns: 500 },
  );
});

test("no canary of a strict field survives in any encoding", async () => {
  const canary = "CANARY-7Qp2Lm9Zk4Rt8Wv";
  const inShape = fc.constantFrom(
    (leaf: string) => `{"data":${leaf}}`,
    (leaf: string) => `{"any":{"x":[1],"keyString":${leaf},"@type":"Key"}}`,
    (leaf: string) => `{"self":{"self":[{"inner":{"wire":[[${leaf}]]}}]}}`,
    (leaf: string) => `{"top":{"a":[{"b":${leaf}}]},"crc32c":"x"}`,
    (leaf: string) => `[{"password":${leaf}},{"env":[{"value":${leaf},"name":"API_KEY"}]}]`,
  );
  const encodings = [
    JSON.stringify(canary),
    `"${[...canary].map((c) => `\\u00${Buffer.from(c).toString("hex")}`).join("")}"`,
    `"${Buffer.from(canary).toString("base64")}"`,
    `"${Buffer.from(canary).toString("hex")}"`,
    `"${encodeURIComponent(canary)}"`,
  ];
  await fc.assert(
    fc.asyncProperty(inShape, fc.constantFrom(...encodings), cutsOf, async (around, leaf, cuts) => {
      const masked = await stream(Buffer.from(around(leaf)), cuts, noRules);
      for (const each of encodings) expect(masked).not.toContain(each.slice(1, -1));
    }),
    { numRuns: 300 },
  );
});
