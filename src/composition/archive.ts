import {
  type ArchiveBucket,
  type ArchiveStatus,
  type ArchiveStore,
  gcsBucket,
  openArchiving,
  s3Bucket,
} from "#archive";
import type { OpenAuditLog, PublishedLog } from "#audit";
import { type ArchiveConfiguration, readSecret } from "#config";
import { openStorageCredential } from "#connections";
import { systemClock as clock } from "#lib/clock";
import { createEgress } from "#lib/egress";
import { assert, GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import { systemTimer as timer } from "#lib/timer";
import type { Logger } from "#telemetry";
import { parseVerifierKey } from "#tlog";

export interface ArchivedParts {
  readonly audit: Pick<OpenAuditLog, "append" | "verifierKey">;
  readonly publishedLog: PublishedLog;
  readonly archives: ArchiveStore;
  readonly log: Logger;
}

type Parts = readonly { readonly name: string; readonly isReady: boolean; readonly detail: string }[];

/**
 * Copies the log to the configured bucket, beside everything else. Throws `archive_bucket_unlocked` when the bucket would let
 * somebody take the copy back. The answer is what /readyz says of it.
 */
export async function openArchive(
  configuration: ArchiveConfiguration | undefined,
  { audit, publishedLog, archives, log }: ArchivedParts,
  opened: AsyncDisposableStack,
): Promise<() => Parts> {
  if (configuration === undefined) return () => [];
  const verifier = parseVerifierKey(audit.verifierKey);
  assert(verifier !== undefined, "the log key has a verifier key");
  const archiving = await openArchiving({
    bucket: configuredBucket(configuration, opened),
    log: publishedLog,
    verifier,
    store: archives,
    clock,
    timer,
    everyMs: configuration.every_seconds * 1_000,
    onChange: (status) => tell(status, audit, log),
  });
  opened.defer(() => archiving.close());
  return () => {
    const { place, state, size, why } = archiving.status;
    const detail = `${place} has ${size} entries${why === undefined ? "" : `; ${state}: ${why}`}`;
    return [{ name: "archive", isReady: true, detail }];
  };
}

/** The bucket as the operator wrote it, its egress guard and credential closed with the rest. */
export function configuredBucket(written: ArchiveConfiguration, opened: AsyncDisposableStack): ArchiveBucket {
  const endpoint = new URL(written.endpoint);
  const egress = createEgress({
    allowLoopback: endpoint.protocol === "http:",
    // The operator named it; a store of one's own has a private address.
    allowHosts: [endpoint.hostname.replace(/^\[(.*)\]$/, "$1")],
  });
  opened.defer(() => egress.close());
  const { bucket, prefix } = written;
  if (written.kind === "s3") {
    const keys = () => ({
      accessKeyId: readSecret(written.access_key_id).reveal(),
      secretAccessKey: readSecret(written.secret_access_key),
    });
    // A missing secret stops the start, not the first copy an hour later.
    keys();
    return s3Bucket({ endpoint, bucket, region: written.region, dialect: "s3", keys, egress, clock }, prefix);
  }
  const authorization = gcsAuthorization(written, endpoint, opened);
  return gcsBucket({
    endpoint,
    bucket,
    prefix,
    retainDays: written.retain_days,
    authorization,
    egress,
    clock,
  });
}

function gcsAuthorization(
  { identity, access_token: token }: Extract<ArchiveConfiguration, { kind: "gcs" }>,
  endpoint: URL,
  opened: AsyncDisposableStack,
): () => Promise<Secret> {
  if (token !== undefined) {
    readSecret(token);
    return async () => new Secret(`Bearer ${readSecret(token).reveal()}`);
  }
  if (identity === undefined) throw new GatehouseError("assertion_failed", "the schema asks for one of both");
  const isGoogles = endpoint.hostname === "storage.googleapis.com";
  const at = { mayWrite: true, endpoint: isGoogles ? undefined : endpoint, clock };
  const credential = openStorageCredential(identity, at);
  opened.defer(() => credential.close());
  return credential.authorization;
}

function tell(status: ArchiveStatus, audit: Pick<OpenAuditLog, "append">, log: Logger): void {
  const facts = { archive: status.place, size: status.size, why: status.why };
  if (status.state === "archived") log.info(facts, "the log is archived");
  else if (status.state === "failing") log.warn(facts, "the log is not archived; it is tried again");
  else {
    log.error(
      facts,
      "THE ARCHIVE HOLDS ANOTHER LOG: one of the two was changed. Keep a copy of everything and find out why",
    );
    audit
      .append({ kind: "archive.contradicted", detail: { place: status.place, why: status.why ?? "" } })
      .catch((error: unknown) => log.error({ err: error, ...facts }, "the contradiction is not on record"));
  }
}
