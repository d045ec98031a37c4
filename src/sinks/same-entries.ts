import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { asciiJson } from "#lib/printable";

// What lies in a bucket may be in other bytes than ours and tell of the same entries: names are erased, and a later version
// puts an entry in other words. What an entry itself says never changes.

/**
 * Whether lines that somebody has tell of the same entries, one by one, as those that we would send: all that the entries say
 * is the same, and so is whatever we say besides. They may say more, since names and details are erased here and not
 * there; nothing that we know may be missing or different.
 */
export function tellTheSame(there: Uint8Array, ours: Uint8Array): boolean {
  if (Buffer.compare(there, ours) === 0) return true;
  const [theirLines, ourLines] = [linesIn(there), linesIn(ours)];
  if (theirLines === undefined || ourLines === undefined || theirLines.length !== ourLines.length)
    return false;
  return ourLines.every((line, at) => isSame(parseLine(theirLines[at] ?? ""), parseLine(line)));
}

/** A line of a sink, in the parts that are compared. */
interface Told {
  /** What the entry says, in the words of its form; the other form is never the same. */
  readonly entry: unknown;
  /** What an erasure takes away, or only some classes of events say. */
  readonly besides: Readonly<Record<string, unknown>>;
}

function isSame(theirs: Told | undefined, ours: Told | undefined): boolean {
  if (theirs === undefined || ours === undefined || !isDeepStrictEqual(theirs.entry, ours.entry))
    return false;
  return Object.entries(ours.besides).every(
    ([name, said]) => said === undefined || isDeepStrictEqual(theirs.besides[name], said),
  );
}

const text = z.string().optional();

/** Form `entry`: the bytes that were hashed, and their hash. */
const entryLine = z
  .strictObject({
    index: z.int(),
    leafHash: z.string(),
    leaf: z.string(),
    principal: text,
    agent: text,
    resource: text,
    detail: z.unknown().optional(),
  })
  .transform(
    ({ index, leafHash, leaf, ...besides }): Told => ({ entry: { index, leafHash, leaf }, besides }),
  );

const named = z.looseObject({ name: z.string() });

/** Form `ocsf`: id, place, time and words of the entry. Class, severity and product are what a version makes of them. */
const eventLine = z
  .looseObject({
    time: z.int(),
    status_code: text,
    metadata: z.looseObject({ uid: z.string(), log_name: z.string(), sequence: z.int() }),
    unmapped: z.looseObject({ kind: z.string() }),
    actor: z
      .looseObject({
        app_name: text,
        user: named.optional(),
        session: z.looseObject({ uid: z.string() }).optional(),
      })
      .optional(),
    user: named.optional(),
    session: z.looseObject({ uid: z.string() }).optional(),
    api: z.looseObject({ operation: z.string() }).optional(),
    resources: z.array(named).optional(),
  })
  .transform((event): Told => {
    const { time, status_code, actor, api, resources } = event;
    const { product: _, version: __, ...metadata } = event.metadata;
    const { detail, ...words } = event.unmapped;
    return {
      entry: { time, status_code, metadata, words },
      besides: {
        principal: known(actor?.user ?? event.user),
        agent: known({ name: actor?.app_name ?? unknownName }),
        session: actor?.session ?? event.session,
        operation: api?.operation,
        resources,
        detail,
      },
    };
  });

const unknownName = "unknown";

/** Events name whom nobody knows, or knows no more. */
function known(named: { readonly name: string } | undefined): unknown {
  return named?.name === unknownName ? undefined : named;
}

const anyLine = z.union([entryLine, eventLine]);

/** Each but the last piece ends in a line feed; `undefined` for what does not, or is no UTF-8. */
function linesIn(bytes: Uint8Array): readonly string[] | undefined {
  try {
    const lines = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).split("\n");
    return lines.pop() === "" ? lines : undefined;
  } catch {
    return undefined; // a byte that is no UTF-8
  }
}

/** `undefined` for any other JSON, and for another spelling of it: a member that is there twice says two things to two readers. */
function parseLine(line: string): Told | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (asciiJson(JSON.stringify(value)) !== asciiJson(line)) return undefined;
    const parsed = anyLine.safeParse(value);
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // no JSON
  }
}
