import { normalize } from "node:path";
import { z } from "zod";
import { limits } from "#lib/limits";
import { absoluteReference, secretReference } from "./secret-reference.ts";
import { isOrigin, webUrl } from "./web-address.ts";

const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens");

/** When a batch leaves: so many entries wait, or the oldest waits so long. */
const batch = (entries: number, seconds: number) =>
  z
    .strictObject({
      entries: z.int().min(1).max(limits.sinkBatchEntriesMax).default(entries),
      seconds: z.int().min(0).max(3_600).default(seconds),
    })
    .prefault({});

const everySink = {
  name: name.describe("part of metrics and of `gatehouse sinks`; its cursor is kept under it"),
  form: z
    .enum(["ocsf", "entry"])
    .default("ocsf")
    .describe("OCSF events, or entries as they were hashed, with names"),
  detail: z.boolean().default(false).describe("send the details of entries too; recordings are never sent"),
};
const inside = z
  .boolean()
  .default(false)
  .describe("the receiver's name may lead to private addresses; otherwise to public ones only");

const file = z.strictObject({
  kind: z.literal("file"),
  ...everySink,
  path: z.string().min(1).describe("JSON lines are appended; may be rotated away at any time"),
  batch: batch(500, 0),
});

const webhook = z.strictObject({
  kind: z.literal("webhook"),
  ...everySink,
  url: webUrl,
  private: inside,
  secrets: z
    .array(secretReference)
    .min(1)
    .max(3)
    .describe("each signs; two while the receiver changes its secret"),
  batch: batch(200, 1),
});

const syslog = z.strictObject({
  kind: z.literal("syslog"),
  ...everySink,
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/, "must be a host name or an address")
    .describe("its certificate must carry this name"),
  port: z.int().min(1).max(65_535).default(6_514),
  private: inside,
  ca: z.string().min(1).optional().describe("PEM file of the authority that vouches for the receiver"),
  batch: batch(500, 1),
});

const objectStore = z.strictObject({
  kind: z.literal("object_store"),
  ...everySink,
  endpoint: webUrl.refine(isOrigin, { error: "must end after host and port" }),
  private: inside,
  dialect: z.enum(["s3", "gcs"]).default("s3").describe("gcs: Cloud Storage's XML API with HMAC keys"),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/)
    .default("auto"),
  bucket: z.string().regex(/^[a-z0-9][a-z0-9._-]{1,221}$/, "must be the name of a bucket"),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, "must be segments of letters, digits, _ and -")
    .default("audit"),
  access_key: secretReference,
  secret_key: secretReference,
  batch: batch(1_000, 60),
});

/** More than anybody was seen to need; each asks the database once a second. */
const sinksMax = 10;

const areDistinct = (texts: readonly string[]): boolean => new Set(texts).size === texts.length;

export const sinks = z
  .array(z.discriminatedUnion("kind", [file, webhook, syslog, objectStore]))
  .max(sinksMax)
  .refine((all) => areDistinct(all.map((each) => each.name)), { error: "names must differ" })
  // Two that write at once would tear each other's lines.
  .refine((all) => areDistinct(all.flatMap((each) => (each.kind === "file" ? [normalize(each.path)] : []))), {
    error: "each file is written by one sink",
  })
  .default([])
  .describe("who else is told of what is published");

export type SinkConfiguration = z.infer<typeof sinks>[number];

/** With every path made absolute. */
export function absoluteSinkPaths(
  sink: SinkConfiguration,
  absolute: (path: string) => string,
): SinkConfiguration {
  switch (sink.kind) {
    case "file":
      return { ...sink, path: absolute(sink.path) };
    case "webhook":
      return { ...sink, secrets: sink.secrets.map((secret) => absoluteReference(secret, absolute)) };
    case "syslog":
      return sink.ca === undefined ? sink : { ...sink, ca: absolute(sink.ca) };
    case "object_store":
      return {
        ...sink,
        access_key: absoluteReference(sink.access_key, absolute),
        secret_key: absoluteReference(sink.secret_key, absolute),
      };
  }
}
