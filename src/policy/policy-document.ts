import { z } from "zod";
import { limits } from "#lib/limits";
import { parseDuration, parseEndDate } from "./duration.ts";

/** Shown to agents and people, in one line. */
const words = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, "must be one line without control characters");

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens, letter first");

/** Decisions name these as the policy when no document decided. */
const policyName = name.refine((text) => text !== "builtin" && text !== "default", {
  error: "is reserved: Gatehouse itself decides under that name. Choose another",
});

const names = z.array(z.string().min(1)).min(1);

function within(msMax: number, fallback: string) {
  const error = `must be a duration like 90s, 30m or 2h, at most ${msMax / 3_600_000}h`;
  return z
    .string({ error })
    .default(fallback)
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms <= msMax) return ms;
      context.addIssue({ code: "custom", message: error });
      return z.NEVER;
    });
}

const approval = z.strictObject({
  groups: names,
  approvals: z.int().min(1).max(10).default(1),
  each: z.int().min(0).max(10).default(0),
  decide_within: within(limits.approvalDecideWithinMsMax, "30m"),
  execute_within: within(limits.approvalExecuteWithinMsMax, "10m"),
});

const rule = z
  .strictObject({
    name,
    effect: z.enum(["allow", "deny", "require_approval"]),
    operations: names.optional(),
    when: z.string().min(1).optional(),
    approval: approval.optional(),
    message: words.optional(),
  })
  .refine((value) => value.effect !== "require_approval" || value.approval !== undefined, {
    error: "is missing: say who approves, e.g. approval: { groups: [sre] }",
    path: ["approval"],
  })
  .refine((value) => value.effect === "require_approval" || value.approval === undefined, {
    error: "belongs to effect: require_approval only. Change the effect, or remove the approval",
    path: ["approval"],
  });

const principals = z
  .strictObject({
    groups: names.optional(),
    emails: names.optional(),
    ids: names.optional(),
    any: z.literal(true).optional(),
  })
  .refine((value) => (value.any === true) !== hasNamed(value), {
    error: "must be either { any: true } or at least one of groups, emails and ids",
  });

function hasNamed(value: { groups?: unknown; emails?: unknown; ids?: unknown }): boolean {
  return value.groups !== undefined || value.emails !== undefined || value.ids !== undefined;
}

const endDate = z.string().transform((text, context) => {
  const date = parseEndDate(text);
  if (date !== undefined) return date;
  context.addIssue({
    code: "custom",
    message: "must be a day like 2027-01-31 or a time like 2027-01-31T12:00:00Z",
  });
  return z.NEVER;
});

const mode = z.union([z.literal("enforce"), z.strictObject({ observe_until: endDate })], {
  error: "must be enforce, or { observe_until: 2027-01-31 }: observing needs an end date",
});

const policy = z.strictObject({
  name: policyName,
  principals,
  /** Left out: every connection. */
  connections: names.optional(),
  mode: mode.default("enforce"),
  rules: z.array(rule).min(1),
});

export const policyDocument = z.strictObject({ policies: z.array(policy) });

export type PolicySource = z.infer<typeof policy>;
export type RuleSource = PolicySource["rules"][number];

/** What may stand where, for the message about a key that may not. By the nearest named key above; "" is the top. */
export const knownKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ["", Object.keys(policyDocument.shape)],
  ["policies", Object.keys(policy.shape)],
  ["principals", Object.keys(principals.shape)],
  ["rules", Object.keys(rule.shape)],
  ["approval", Object.keys(approval.shape)],
]);
