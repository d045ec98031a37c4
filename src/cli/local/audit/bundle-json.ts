import { BundleBroken } from "./bundle-broken.ts";

/** As the files of a bundle are written. */
export function jsonFile(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * What a JSON file of a bundle says, if it is written as bundles are, to the byte: of two members of one name a program reads
 * the last and a person the first.
 */
export function parseJsonFile(file: string, text: string): unknown {
  const value = parseJson(text);
  if (value === undefined || jsonFile(value) !== text)
    throw new BundleBroken(file, "it is not JSON as bundles have it");
  return value;
}

/** The same for an entry: JSON without white space, each member once. */
export function isCanonical(text: string): boolean {
  const value = parseJson(text);
  return value !== undefined && JSON.stringify(value) === text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
