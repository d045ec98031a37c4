import { GoogleError } from "./google-error.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** Parses a request body; an empty one reads as `{}`, as Google's front ends do. Throws INVALID_ARGUMENT. */
export function parseJsonObject(bytes: Buffer): JsonObject {
  if (bytes.length === 0) return {};
  const value = parseJson(bytes.toString("utf8"));
  if (!isObject(value)) throw new GoogleError("INVALID_ARGUMENT", "The request body must be a JSON object.");
  return value;
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new GoogleError("INVALID_ARGUMENT", "The request body is not valid JSON.");
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textIn(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  return typeof value === "string" ? value : undefined;
}

/** The member of that name, or an empty object. */
export function objectIn(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  return isObject(value) ? value : {};
}

export function listIn(object: JsonObject, key: string): readonly Json[] {
  const value = object[key];
  return isList(value) ? value : [];
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** A text that we wrote there ourselves. */
export function ownText(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value !== "string") throw new Error(`a resource of ours has no ${key}`);
  return value;
}

/** `object` without the named members. */
export function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}
