import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { readSecret, type SinkConfiguration } from "#config";
import { systemClock as clock } from "#lib/clock";
import { connectTlsGuarded, createEgress, type Egress, type EgressFences } from "#lib/egress";
import { GatehouseError, messageOf } from "#lib/errors";
import { isLoopbackHost } from "#lib/loopback";
import { openObjectStore } from "#object-store";
import { type ConfiguredSink, fileSink, objectSink, type Sink, syslogSink, webhookSink } from "#sinks";

/**
 * A sink as the operator wrote it, in the words of its module. Secrets are read once now, so that a server whose sink can
 * never work does not start, and again at each batch. Throws `secret_missing`, `file_unreadable`.
 */
export function sinkOf(written: SinkConfiguration): ConfiguredSink {
  const { name, kind, form, detail, batch } = written;
  return {
    name,
    kind,
    form,
    withDetail: detail,
    batch: { entries: batch.entries, waitMs: batch.seconds * 1_000 },
    sink: receiverOf(written),
  };
}

function receiverOf(written: SinkConfiguration): Sink {
  switch (written.kind) {
    case "file":
      return fileSink(written.path);
    case "webhook":
      return webhookOf(written);
    case "syslog":
      return syslogOf(written);
    case "object_store":
      return objectStoreOf(written);
  }
}

type Of<Kind extends SinkConfiguration["kind"]> = Extract<SinkConfiguration, { kind: Kind }>;

function webhookOf({ url: text, private: isInside, secrets: references }: Of<"webhook">): Sink {
  const url = new URL(text);
  const secrets = () => references.map(readSecret);
  secrets();
  return webhookSink({ url, secrets, egress: egressTo(url.hostname, isInside), clock });
}

function syslogOf({ host, port, private: isInside, ca: file }: Of<"syslog">): Sink {
  // Read at each connection, so that a new authority needs no restart.
  const ca = () => (file === undefined ? {} : { ca: readPem(file) });
  ca();
  return syslogSink({
    receiver: `${host}:${port}`,
    hostname: hostname(),
    connect: (signal) =>
      connectTlsGuarded({ host, port, ...ca() }, { fences: fencesOf(host, isInside), signal }),
  });
}

function objectStoreOf(written: Of<"object_store">): Sink {
  const { bucket, region, dialect, prefix, private: isInside } = written;
  const endpoint = new URL(written.endpoint);
  const keys = () => ({
    accessKeyId: readSecret(written.access_key).reveal(),
    secretAccessKey: readSecret(written.secret_key),
  });
  keys();
  const egress = egressTo(endpoint.hostname, isInside);
  const store = openObjectStore({ endpoint, bucket, region, dialect, keys, egress, clock });
  return objectSink({ store, prefix, close: () => egress.close() });
}

function egressTo(host: string, isInside: boolean): Egress {
  return createEgress(fencesOf(host, isInside));
}

/** Whoever names this machine as the receiver means this machine; a private network has to be meant as well. */
function fencesOf(host: string, isInside: boolean): EgressFences {
  return {
    allowLoopback: isLoopbackHost(host),
    allowHosts: isInside ? [host] : [],
  };
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new GatehouseError("file_unreadable", `Cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
}
