import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export type Json = string | number | boolean | null | Json[] | { [member: string]: Json };
export type JsonObject = { [member: string]: Json };
/** Where a value is within a file. */
export type Place = readonly (string | number)[];

/** A copy of a bundle in the hands of somebody who makes every digest anew. */
export class ForgedBundle {
  readonly folder: string;

  constructor(bundle: string, copy: string) {
    rmSync(copy, { recursive: true, force: true });
    cpSync(bundle, copy, { recursive: true });
    this.folder = copy;
  }

  files(): readonly string[] {
    return readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((found) => found.isFile() && found.name !== "SHA256SUMS")
      .map((found) => join(found.parentPath, found.name).slice(this.folder.length + 1))
      .sort();
  }

  text(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  write(path: string, text: string | Uint8Array): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  listAnew(): void {
    const lines = this.files().map((path) => {
      const digest = createHash("sha256")
        .update(readFileSync(join(this.folder, path)))
        .digest("hex");
      return `${digest}  ${path}\n`;
    });
    writeFileSync(join(this.folder, "SHA256SUMS"), lines.join(""));
  }

  /** Writes a JSON file as a bundle spells it. */
  writeJson(path: string, value: Json): void {
    this.write(path, `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** Every string, number, boolean and null within. */
export function placesIn(value: Json, at: Place = []): readonly Place[] {
  if (value === null || typeof value !== "object") return [at];
  return Object.entries(value).flatMap(([member, each]) =>
    placesIn(each, [...at, Array.isArray(value) ? Number(member) : member]),
  );
}

/** The same with another word at one place; where it is text, one as long. */
export function changedAt(value: Json, place: Place): Json {
  const [first, ...rest] = place;
  if (first === undefined) return otherWord(value);
  if (Array.isArray(value)) return value.map((each, at) => (at === first ? changedAt(each, rest) : each));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, name === first ? changedAt(each, rest) : each]),
  );
}

function otherWord(value: Json): Json {
  if (typeof value === "string")
    return value === "" ? "x" : value.slice(0, -1) + (value.endsWith("x") ? "y" : "x");
  if (typeof value === "number") return value % 10 === 9 ? value - 1 : value + 1;
  if (typeof value === "boolean") return !value;
  return true;
}
