import { z } from "zod";
import { webUrl } from "./web-address.ts";

const kmsKey = z
  .string()
  .regex(
    /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
    "must be projects/…/locations/…/keyRings/…/cryptoKeys/…, without a version",
  );

const keyProvider = z.discriminatedUnion("provider", [
  z.strictObject({ provider: z.literal("file") }),
  z.strictObject({
    provider: z.literal("google_kms"),
    key: kmsKey.describe("the symmetric key that wraps; Cloud KMS rotates its versions by itself"),
    former_keys: z.array(kmsKey).max(20).default([]).describe("keys that wrapped before, and still unwrap"),
    identity: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("application_default") }),
        z.strictObject({ kind: z.literal("key_file"), path: z.string().min(1) }),
        z.strictObject({ kind: z.literal("none") }),
      ])
      .default({ kind: "application_default" })
      .describe("who asks Cloud KMS; none for an emulator"),
    endpoint: webUrl.optional().describe("where requests go instead of Cloud KMS: an emulator"),
  }),
]);

/** A century is for ever enough; less than a day would erase what is still being looked at. */
const days = z.int().min(1).max(36_500);

const keep = z
  .strictObject({
    default: days.describe("for every class that is not named"),
    read: days.optional(),
    write: days.optional(),
    destructive: days.optional(),
    privileged: days.optional(),
    secret_read: days.optional(),
    unknown: days.optional(),
  })
  .describe("days after a session's end; the longest among the classes of what happened in it counts");

/** What becomes of recordings and of the names in the audit log. Entries themselves are kept for ever. */
export const recordings = z.strictObject({
  keys: keyProvider.default({ provider: "file" }).describe("what wraps the keys of recordings"),
  keep: keep.optional().describe("for how long; for ever without it"),
});
export type RecordingsConfiguration = z.infer<typeof recordings>;
