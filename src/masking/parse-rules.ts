import { createHash } from "node:crypto";
import { RE2JS } from "re2js";
import { isNode, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { FieldRule, MaskingRules, NameRule, PatternRule } from "./rules.ts";
import { normalName } from "./shape.ts";

export interface MaskingProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Which rule, e.g. `fields.0`; "" when the document as a whole is broken. */
  readonly rule: string;
  readonly message: string;
}

export type ParsedMaskingRules =
  | { readonly kind: "rules"; readonly rules: MaskingRules }
  | { readonly kind: "problems"; readonly problems: readonly MaskingProblem[] };

/** Reads `masking:` documents. One mistake anywhere refuses them all: half of the rules would be worse than the old ones. */
export function parseMaskingRules(documents: readonly { file: string; text: string }[]): ParsedMaskingRules {
  const parsed = documents.map(({ file, text }) => parseOne(file, text));
  const problems = [...parsed.flatMap((each) => each.problems), ...tooMany(parsed, documents[0]?.file ?? "")];
  if (problems.length > 0) return { kind: "problems", problems };
  const version = createHash("sha256");
  // Lengths first, so that moving text from one document to the next is another version.
  for (const { text } of documents) version.update(`${Buffer.byteLength(text)}:`).update(text);
  return {
    kind: "rules",
    rules: {
      fields: parsed.flatMap((each) => each.fields),
      names: parsed.flatMap((each) => each.names),
      patterns: parsed.flatMap((each) => each.patterns),
      version: version.digest("hex"),
    },
  };
}

const ruleName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, "must be lower-case letters, digits and hyphens");
const segments = (what: string) =>
  z
    .string()
    .max(256)
    .regex(
      /^(\*{1,2}|[^.*\s]+)(\.(\*{1,2}|[^.*\s]+))*$/,
      `${what} is names between dots; \`*\` and \`**\` stand for whole names`,
    )
    .transform((text) => text.split("."));

const pattern = z
  .string()
  .min(1)
  .max(limits.maskPatternCharsMax)
  .transform((text, context) => {
    const compiled = compile(text);
    if (compiled instanceof RE2JS && !compiled.matches("")) return compiled;
    const message =
      compiled instanceof RE2JS ? "matches empty text, and so everything" : `is no RE2 pattern: ${compiled}`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });

const globbed = z
  .string()
  .min(1)
  .max(128)
  .regex(/[^*]/, "a name of nothing but `*` would mask everything")
  .transform(
    (text): NameRule => ({
      name: text,
      pattern: RE2JS.compile(
        text.split("*").map(RE2JS.quote).join(".*"),
        RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL,
      ),
    }),
  );

const schema = z.strictObject({
  masking: z.strictObject({
    fields: z
      .array(
        z
          .strictObject({ name: ruleName, operation: segments("an operation"), field: segments("a field") })
          .transform(
            ({ name, operation, field }): FieldRule => ({ name, operation, path: field.map(normalSegment) }),
          ),
      )
      .default([]),
    names: z.array(globbed).default([]),
    patterns: z
      .array(z.strictObject({ name: ruleName, pattern }).transform((rule): PatternRule => rule))
      .default([]),
  }),
});

function normalSegment(segment: string): string {
  return segment.startsWith("*") ? segment : normalName(segment);
}

/** Linear-time engine only: whoever writes a pattern must not be able to stop the gateway with it. */
function compile(text: string): RE2JS | string {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    return messageOf(error);
  }
}

interface ParsedDocument {
  readonly fields: readonly FieldRule[];
  readonly names: readonly NameRule[];
  readonly patterns: readonly PatternRule[];
  readonly problems: readonly MaskingProblem[];
}

function parseOne(file: string, text: string): ParsedDocument {
  const nothing = { fields: [], names: [], patterns: [] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const { line } = lines.linePos(broken.pos[0]);
    return {
      ...nothing,
      problems: [{ file, line, rule: "", message: broken.message.split("\n")[0] ?? "not YAML" }],
    };
  }
  const value = withoutAliases(document);
  if (typeof value === "string")
    return { ...nothing, problems: [{ file, line: 1, rule: "", message: value }] };
  const parsed = schema.safeParse(value.plain);
  if (parsed.success) return { ...parsed.data.masking, problems: [] };
  const problems = parsed.error.issues.map((issue) => {
    const isInRule = issue.path.length > 2;
    const place = issue.path.slice(isInRule ? 3 : 0).join(".");
    return {
      file,
      line: lineOf(document, lines, issue.path),
      rule: isInRule ? issue.path.slice(1, 3).join(".") : "",
      message: [place, issue.message].filter((part) => part !== "").join(": "),
    };
  });
  return { ...nothing, problems };
}

/** Aliases let a small file grow without bound; nobody needs them in a list of rules. */
function withoutAliases(document: ReturnType<typeof parseDocument>): { plain: unknown } | string {
  try {
    return { plain: document.toJS({ maxAliasCount: 0 }) };
  } catch (error) {
    return messageOf(error);
  }
}

/** The line of the innermost node that exists on the path, so that a missing key points at its parent. */
function lineOf(
  document: ReturnType<typeof parseDocument>,
  lines: LineCounter,
  path: readonly PropertyKey[],
): number {
  for (let length = path.length; length > 0; length -= 1) {
    const found: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(found) && found.range) return lines.linePos(found.range[0]).line;
  }
  return 1;
}

function tooMany(parsed: readonly ParsedDocument[], file: string): MaskingProblem[] {
  const count = (kind: "fields" | "names" | "patterns"): number =>
    parsed.reduce((sum, each) => sum + each[kind].length, 0);
  const caps = [
    ["fields", limits.maskFieldsMax],
    ["names", limits.maskNamesMax],
    ["patterns", limits.maskPatternsMax],
  ] as const;
  return caps
    .filter(([kind, most]) => count(kind) > most)
    .map(([kind, most]) => ({
      file,
      line: 1,
      rule: kind,
      message: `all documents together hold ${count(kind)} ${kind}; ${most} at most`,
    }));
}
