import { z } from "zod";
import { limits } from "#lib/limits";
import { webUrl } from "./web-address.ts";

const witness = z.strictObject({
  url: webUrl.describe("submission prefix of the witness: /add-checkpoint comes behind it"),
  verifier: z
    .string()
    .regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/, "must be a verifier key: name+8 hex digits+base64")
    .describe("the witness's verifier key, as its operator published it"),
});

/** Who is shown each checkpoint of the audit log, to cosign it. */
export const witnesses = z
  .array(witness)
  .max(limits.witnessesMax)
  .refine((all) => new Set(all.map(({ verifier }) => verifier)).size === all.length, {
    error: "each witness is named once",
  })
  .default([])
  .describe("witnesses of the audit log, run by other people (C2SP tlog-witness)");
