import { z } from "zod";
import { absoluteReference, secretReference } from "./secret-reference.ts";
import { isOrigin, webUrl } from "./web-address.ts";

const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/, "must be the name of a bucket")
  .describe("a bucket of its own, locked before anything is written to it");
const prefix = z
  .string()
  .regex(/^([A-Za-z0-9_.-]+\/)*$/, "must be empty, or end in a slash")
  .refine((text) => !text.split("/").some((part) => part === "." || part === ".."), {
    error: "must have no dots for folders",
  })
  .default("")
  .describe("comes before every path: one log, one prefix");
const every = z
  .int()
  .min(1)
  .max(86_400)
  .default(60)
  .describe("seconds between two states of the log in the archive");

const origin = webUrl.refine(isOrigin, { error: "must end after host and port" });

const s3 = z.strictObject({
  kind: z.literal("s3"),
  bucket,
  prefix,
  endpoint: origin.describe("such as https://s3.eu-west-1.amazonaws.com; the bucket is named in the path"),
  region: z.string().regex(/^[a-z0-9-]{1,64}$/, "must be a region"),
  access_key_id: secretReference,
  secret_access_key: secretReference,
  every_seconds: every,
});

const gcs = z
  .strictObject({
    kind: z.literal("gcs"),
    bucket,
    prefix,
    endpoint: origin.default("https://storage.googleapis.com"),
    identity: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("application_default") }),
        z.strictObject({ kind: z.literal("key_file"), path: z.string().min(1) }),
      ])
      .optional()
      .describe("who writes to the archive; the service account of nothing else"),
    access_token: secretReference
      .optional()
      .describe("instead of an identity: an access token that something else keeps fresh in a file"),
    retain_days: z
      .int()
      .min(1)
      .max(36_500)
      .optional()
      .describe(
        "how long each object is locked, in a bucket with object retention instead of a locked policy",
      ),
    every_seconds: every,
  })
  .refine(({ identity, access_token: token }) => (identity === undefined) !== (token === undefined), {
    error: "needs one of identity and access_token",
    path: ["identity"],
  });

/** The write-once copy of the audit log. */
export const archive = z
  .discriminatedUnion("kind", [s3, gcs])
  .optional()
  .describe("write-once copy of the audit log: a bucket with Object Lock, or with a locked retention policy");
export type ArchiveConfiguration = NonNullable<z.infer<typeof archive>>;

export function absoluteArchive(
  written: ArchiveConfiguration,
  absolute: (path: string) => string,
): ArchiveConfiguration {
  if (written.kind === "s3") {
    return {
      ...written,
      access_key_id: absoluteReference(written.access_key_id, absolute),
      secret_access_key: absoluteReference(written.secret_access_key, absolute),
    };
  }
  const { identity, access_token: token } = written;
  return {
    ...written,
    ...(identity?.kind === "key_file" ? { identity: { ...identity, path: absolute(identity.path) } } : {}),
    ...(token === undefined ? {} : { access_token: absoluteReference(token, absolute) }),
  };
}
