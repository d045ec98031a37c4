import { z } from "zod";
import type { Leaf } from "../leaf.ts";

// What entries say of holds and erasures. Words of the entry are always there; those of its detail only for whoever has the
// key of its day.

const text = z.string().optional().catch(undefined);
const said = z.looseObject({
  principal: text,
  hold: text,
  request: text,
  query: z.record(z.string(), z.string()).optional().catch(undefined),
  requestedBy: text,
  requestedById: text,
  confirmedBy: text,
  confirmedById: text,
  keptDays: z.int().min(0).optional().catch(undefined),
});
export type Said = z.infer<typeof said>;

/** One entry about a hold or an erasure. */
export interface CustodyAct {
  readonly index: number;
  readonly leaf: Leaf;
  /** `undefined`: it cannot be read here. Empty where the entry has none. */
  readonly said: Said | undefined;
}

/** `perhaps`: what would tell cannot be read here. */
export type Certainty = "yes" | "no" | "perhaps";

export function parseSaid(bytes: Uint8Array): Said {
  try {
    return said.catch({}).parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return {}; // not JSON
  }
}

/** Whether two different people are named; one may have two ids, with one e-mail address. */
export function areTwo(said: Said): boolean {
  const { requestedBy, requestedById, confirmedBy, confirmedById } = said;
  if (requestedBy === undefined || confirmedBy === undefined) return false;
  const isSameName = requestedBy.toLowerCase() === confirmedBy.toLowerCase();
  // Without an address a name is the subject at an identity provider, and two providers may have the same.
  const isAddress = requestedBy.includes("@") || requestedById === undefined || confirmedById === undefined;
  if (isSameName && isAddress) return false;
  return requestedById === undefined || requestedById !== confirmedById;
}

/** Members of a hold's query that an entry itself answers; the others are about what is erased with a session. */
const answered = new Map<string, (leaf: Leaf, value: string) => boolean>([
  ["operation", (leaf, value) => leaf.operation === value],
  ["class", (leaf, value) => leaf.class === value],
  ["from", (leaf, value) => Date.parse(leaf.t) >= Date.parse(value)],
  ["to", (leaf, value) => Date.parse(leaf.t) < Date.parse(value)],
]);

/** Whether a hold's query fits an entry. `perhaps`: as far as the entry itself says; names of people and resources are beside it. */
export function fits(query: Readonly<Record<string, string>>, leaf: Leaf): Certainty {
  const members = Object.entries(query);
  const isRefused = members.some(([name, value]) => answered.get(name)?.(leaf, value) === false);
  if (isRefused) return "no";
  return members.every(([name]) => answered.has(name)) ? "yes" : "perhaps";
}
