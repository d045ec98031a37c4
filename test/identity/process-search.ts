import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/** Every way in which a text may lie about: as it is, encoded, in two-byte characters. */
export function spellingsOf(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  // At any alignment: the letters that a run of base64 has in common whatever stood before the text.
  const aligned = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    return encoded.slice(shift === 0 ? 0 : 4, -4);
  });
  const texts = [secret, encodeURIComponent(secret), bytes.toString("hex"), ...aligned];
  return [...new Set(texts)].map((text) => Buffer.from(text)).concat(Buffer.from(secret, "utf16le"));
}

export function holds(haystack: Buffer, needles: readonly Buffer[]): boolean {
  return needles.some((needle) => haystack.includes(needle));
}

/** A process and all that it started, by process id. Linux. */
export function familyOf(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(Number(name)) }));
  const family = [pid];
  for (const member of family) {
    family.push(...parents.flatMap((each) => (each.parent === member ? [each.pid] : [])));
  }
  return family;
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; state and parent come after the last of them.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

export function environmentOf(pid: number): Buffer {
  return readFileSync(`/proc/${pid}/environ`);
}

/** Whether the memory of a process holds one of these, mapping by mapping; files that are mapped as they are count too. */
export function memoryHolds(pid: number, needles: readonly Buffer[]): boolean {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    return mappingsOf(pid).some((mapping) => mappingHolds(memory, mapping, needles));
  } finally {
    closeSync(memory);
  }
}

interface Mapping {
  readonly start: number;
  readonly end: number;
}

function mappingsOf(pid: number): Mapping[] {
  const lines = readFileSync(`/proc/${pid}/maps`, "utf8").split("\n");
  return lines.flatMap((line) => {
    const [, start = "", end = "", rights = ""] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
    const isReadable = rights.startsWith("r") && !/\[(vvar|vsyscall|vvar_vclock)\]$/.test(line);
    return isReadable ? [{ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16) }] : [];
  });
}

const chunkBytes = 16 * 1024 * 1024;
/** Chunks overlap by more than the longest needle, so that none hides on an edge. */
const overlapBytes = 4096;
const pageBytes = 4096;

function mappingHolds(memory: number, { start, end }: Mapping, needles: readonly Buffer[]): boolean {
  const buffer = Buffer.alloc(Math.min(chunkBytes, end - start));
  let at = start;
  while (at < end) {
    let read: number;
    try {
      read = readSync(memory, buffer, 0, Math.min(buffer.length, end - at), at);
    } catch {
      // What lies behind the end of a mapped file cannot be read, by anybody.
      return false;
    }
    if (holds(buffer.subarray(0, read), needles)) return true;
    // A read may be short; the next one begins before its end, or behind it when there was too little.
    at += at + read >= end ? read : Math.max(read - overlapBytes, pageBytes);
  }
  return false;
}

/** All files below a folder, or the file itself. */
export function filesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  if (!statSync(path).isDirectory()) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() || entry.isFile() ? filesBelow(join(path, entry.name)) : [],
  );
}
