import { createEgress } from "#lib/egress";
import { Secret } from "#lib/secret";
import { openObjectStore } from "#object-store";
import { objectSink, type Sink } from "#sinks";
import { bucketKeys, type FakeBucket } from "./bucket.ts";
import { manualClock } from "./manual-clock.ts";

/** A sink into a fake bucket, below a prefix. */
export function objectSinkTo(bucket: FakeBucket, prefix: string): Sink {
  const egress = createEgress({ allowLoopback: true });
  const store = openObjectStore({
    endpoint: new URL(bucket.url),
    bucket: "archive",
    region: "auto",
    dialect: "s3",
    keys: () => ({ ...bucketKeys, secretAccessKey: new Secret(bucketKeys.secretAccessKey) }),
    egress,
    clock: manualClock(),
  });
  return objectSink({ store, prefix, close: () => egress.close() });
}
