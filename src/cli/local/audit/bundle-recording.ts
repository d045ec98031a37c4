import { z } from "zod";
import { type RecordedMessage, recordedMessage } from "#api";
import type { Leaf } from "#audit";
import { encodeRecording } from "#recording";
import { BundleFault } from "./bundle-fault.ts";
import { parseSaid } from "./bundle-shape.ts";

/** `recordings/EXCHANGE.json`. */
const saidOfExchange = z.strictObject({
  exchange: z.string(),
  session: z.string(),
  request: recordedMessage.strict().optional(),
  answer: recordedMessage.strict().optional(),
});

const roles = ["request", "answer"] as const;

/**
 * Whose recording it is, and that entries of the bundle commit to such ones: `leaves` are those of the exchange. Names what only the
 * server vouches for. Throws `BundleFault`.
 */
export function checkRecording(file: string, value: unknown, leaves: readonly Leaf[]): readonly string[] {
  const said = parseSaid(saidOfExchange, file, value);
  if (file !== `recordings/${said.exchange}.json`)
    throw new BundleFault(file, 'its "exchange" is another than its name says');
  const ofExchange = leaves.filter(({ exchange }) => exchange === said.exchange);
  if (!ofExchange.some(({ session }) => session === said.session))
    throw new BundleFault(file, 'no entry here is of its "exchange" and "session"');
  const recorded = roles.flatMap((role) => {
    const message = said[role];
    return message === undefined ? [] : [{ role, message }];
  });
  for (const { role, message } of recorded) {
    if (!ofExchange.some((leaf) => couldBe(message, role, leaf)))
      throw new BundleFault(file, `no entry here commits to a "${role}" of its length and end`);
  }
  return recorded.map(({ role }) => role);
}

/** A character that was cut in two is not shown: at most three bytes of it are missing. */
const cutBytesMax = 3;

/** What can be told without the key: how long it is, and whether it is only a beginning. */
function couldBe(message: RecordedMessage, role: string, { attachments }: Leaf): boolean {
  const { encoding, isTruncated } = message;
  const length = encodeRecording({ ...message, body: Buffer.from(message.body, encoding) }).byteLength;
  const missing = encoding === "utf8" && isTruncated ? cutBytesMax : 0;
  return (attachments ?? []).some(
    (each) =>
      each.role === role &&
      (each.truncated === true) === isTruncated &&
      each.bytes >= length &&
      each.bytes <= length + missing,
  );
}
