import { doubt } from "./doubt.ts";
import type { Json, JsonObject } from "./json.ts";

/**
 * The members of an object, all of which must be known: one that is not could matter. Proto JSON takes `snake_case` for
 * `camelCase`, older servers of Google's ignore it, and a `dry_run` that is ignored is none: only camelCase is taken.
 * `null` is as good as absent. Throws `Doubt`.
 */
export function knownMembers(value: Json | undefined, known: ReadonlySet<string>, where: string): JsonObject {
  const found = new Map<string, Json>();
  for (const [name, member] of objectOf(value, where)) {
    if (!known.has(name)) {
      throw doubt(
        `${where} has a member that is not known${camelCase(name) === name ? "" : " in this spelling"}`,
      );
    }
    if (member !== null) found.set(name, member);
  }
  return found;
}

/**
 * Of an object with members nobody knows, those that are asked for, in camelCase or `snake_case`, but not both. Whatever only resembles one of them (other case, other
 * underscores) is a doubt: to some server it may be that member. `null` stays: in a PATCH it takes something away.
 * Throws `Doubt`.
 */
export function pickMembers(value: Json | undefined, wanted: readonly string[], where: string): JsonObject {
  const byLook = new Map(wanted.map((name) => [look(name), name]));
  const found = new Map<string, Json>();
  const spelled = new Set<string>();
  for (const [written, member] of objectOf(value, where)) {
    const name = byLook.get(look(written));
    if (name === undefined) continue;
    if (camelCase(written) !== name || spelled.has(name)) throw doubt(`${where} spells a member oddly`);
    spelled.add(name);
    found.set(name, member);
  }
  return found;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}

function look(name: string): string {
  return name.replace(/[^\p{L}\p{N}]/gu, "").toLowerCase();
}

export function namesOf(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}

export function objectOf(value: Json | undefined, where: string): JsonObject {
  if (value instanceof Map) return value;
  throw doubt(`${where} is not an object`);
}

/** Absent, or `null`, is an empty list. */
export function listOf(value: Json | undefined, where: string): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (isList(value)) return value;
  throw doubt(`${where} is not a list`);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function textOf(value: Json | undefined, where: string): string {
  if (typeof value === "string") return value;
  throw doubt(`${where} is not a text`);
}

export function optionalText(value: Json | undefined, where: string): string | undefined {
  return value === undefined || value === null ? undefined : textOf(value, where);
}

/** Absent is false, as in proto3. */
export function flagOf(value: Json | undefined, where: string): boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  throw doubt(`${where} is neither true nor false`);
}
