import { z } from "zod";
import { exchangeDetail } from "#api";
import { BundleBroken } from "./bundle-broken.ts";
import type { ProvenEntry } from "./bundle-entry.ts";
import { parseJsonFile } from "./bundle-json.ts";

const { request, answer } = exchangeDetail.shape;
const recording = z.strictObject({
  exchange: z.string(),
  session: z.string(),
  request: request.unwrap().strict().optional(),
  answer: answer.unwrap().strict().optional(),
});

/** Messages that entries commit to, and those that the bundle shows. */
export interface RecordingCount {
  readonly committed: number;
  readonly shown: number;
}

/** Files that proven entries call for, by exchange: the roles each of them commits to. */
export function recordingsOf(
  entries: readonly ProvenEntry[],
): ReadonlyMap<string, { session: string; roles: Set<string> }> {
  const found = new Map<string, { session: string; roles: Set<string> }>();
  for (const { leaf } of entries) {
    const roles = (leaf.attachments ?? []).map(({ role }) => role).filter(isMessage);
    if (roles.length === 0 || leaf.exchange === undefined || leaf.session === undefined) continue;
    const known = found.get(leaf.exchange) ?? { session: leaf.session, roles: new Set() };
    for (const role of roles) known.roles.add(role);
    found.set(leaf.exchange, known);
  }
  return found;
}

/**
 * Of the recordings in a bundle: each belongs to an exchange of which a proven entry commits to a message, each such exchange
 * has one, and it says nothing besides. What the messages say is proven by nothing here.
 */
export function checkRecordings(
  entries: readonly ProvenEntry[],
  files: readonly string[],
  read: (file: string) => string,
): RecordingCount {
  const called = recordingsOf(entries);
  const calledFor = new Set([...called.keys()].map((exchange) => `recordings/${exchange}.json`));
  const stray = files.find((file) => !calledFor.has(file));
  if (stray !== undefined)
    throw new BundleBroken(stray, "no entry here commits to anything of that exchange");
  let [committed, shown] = [0, 0];
  for (const [exchange, { session, roles }] of called) {
    const file = `recordings/${exchange}.json`;
    const said = recording.safeParse(parseJsonFile(file, read(file)));
    if (!said.success || said.data.exchange !== exchange || said.data.session !== session)
      throw new BundleBroken(file, "it is not a recording of that exchange");
    committed += roles.size;
    shown += [...roles].filter((role) => isMessage(role) && said.data[role] !== undefined).length;
  }
  return { committed, shown };
}

function isMessage(role: string): role is "request" | "answer" {
  return role === "request" || role === "answer";
}
