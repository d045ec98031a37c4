import type { ArchiveBucket } from "#archive";
import { systemClock as clock } from "#lib/clock";
import type { Egress, EgressFences } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import type { Terminal } from "../../terminal.ts";

/**
 * `s3://bucket/prefix` or `gs://bucket/prefix`, with what the environment says of endpoint, region and credentials. Those
 * are an auditor's own: the server's stay where they are. What it opens is closed with `opened`.
 */
export async function namedBucket(
  named: string,
  { environment }: Pick<Terminal, "environment">,
  opened: AsyncDisposableStack,
): Promise<ArchiveBucket> {
  const [, scheme, bucket, path = ""] =
    /^(s3|gs):\/\/([a-z0-9][a-z0-9._-]{1,220})(?:\/(.*))?$/.exec(named) ?? [];
  const prefix = path === "" || path.endsWith("/") ? path : `${path}/`;
  if (bucket === undefined || !/^([A-Za-z0-9_.-]+\/)*$/.test(prefix)) {
    throw new GatehouseError(
      "usage_invalid",
      `${named} names no bucket: s3://bucket/prefix, gs://bucket/prefix.`,
    );
  }
  const { gcsBucket, s3Bucket } = await import("#archive");
  const { createEgress } = await import("#lib/egress");
  const guarded = (endpoint: URL): Egress => {
    const egress = createEgress(fencesOf(endpoint));
    opened.defer(() => egress.close());
    return egress;
  };
  const said = (name: string): string | undefined => environment[name] || undefined;
  if (scheme === "gs") {
    const endpoint = new URL(said("GATEHOUSE_ARCHIVE_ENDPOINT") ?? "https://storage.googleapis.com");
    const authorization = await googleAuthorization(said("GATEHOUSE_ARCHIVE_TOKEN"), opened);
    const egress = guarded(endpoint);
    return gcsBucket({ endpoint, bucket, prefix, retainDays: undefined, authorization, egress, clock });
  }
  const region = said("AWS_REGION") ?? said("AWS_DEFAULT_REGION") ?? "us-east-1";
  const endpoint = new URL(said("GATEHOUSE_ARCHIVE_ENDPOINT") ?? `https://s3.${region}.amazonaws.com`);
  const accessKeyId = demanded(said("AWS_ACCESS_KEY_ID"), "AWS_ACCESS_KEY_ID");
  const secretAccessKey = new Secret(demanded(said("AWS_SECRET_ACCESS_KEY"), "AWS_SECRET_ACCESS_KEY"));
  const egress = guarded(endpoint);
  const keys = () => ({ accessKeyId, secretAccessKey });
  return s3Bucket({ endpoint, bucket, region, dialect: "s3", keys, egress, clock }, prefix);
}

/** A token that was given, or whatever this machine is to Google. */
async function googleAuthorization(
  given: string | undefined,
  opened: AsyncDisposableStack,
): Promise<() => Promise<Secret>> {
  if (given !== undefined) {
    const bearer = new Secret(`Bearer ${given}`);
    return () => Promise.resolve(bearer);
  }
  const { openStorageCredential } = await import("#connections");
  const whoever = { mayWrite: false, endpoint: undefined, clock };
  const credential = openStorageCredential({ kind: "application_default" }, whoever);
  opened.defer(() => credential.close());
  return credential.authorization;
}

/** The auditor named it; a store of one's own has a private address. */
function fencesOf({ protocol, hostname }: URL): EgressFences {
  return { allowLoopback: protocol === "http:", allowHosts: [hostname.replace(/^\[(.*)\]$/, "$1")] };
}

function demanded(value: string | undefined, name: string): string {
  if (value !== undefined) return value;
  throw new GatehouseError(
    "usage_invalid",
    `${name} is not set; a bucket of S3 takes a key that may read it.`,
  );
}
