import { type ListenerConfiguration, type UniverseConfiguration, watchDocuments } from "#config";
import { openServedCertificate } from "#keys";
import { systemClock as clock } from "#lib/clock";
import type { ServedCertificate } from "#lib/served-certificate";
import type { Logger } from "#telemetry";

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: ServedCertificate | undefined;
  readonly url: string | undefined;
}

/** Where to listen, with the certificate read, watched, and read again when its files change. */
export function listenOptions(
  { host, port, tls, url }: ListenerConfiguration,
  opened: AsyncDisposableStack,
  log: Logger,
): ListenOptions {
  const address = url === undefined ? undefined : new URL(url).origin;
  return { host, port, tls: served(tls, opened, log), url: address };
}

/** The same for the names of the gateway's own domain, where there are any. */
export function universeOptions(
  universe: UniverseConfiguration | undefined,
  opened: AsyncDisposableStack,
  log: Logger,
) {
  if (universe === undefined) return undefined;
  const { domain, host, port, public_port: publicPort, tls } = universe;
  return { domain, host, port, publicPort, tls: served(tls, opened, log) };
}

function served(
  tls: ListenerConfiguration["tls"],
  opened: AsyncDisposableStack,
  log: Logger,
): ServedCertificate | undefined {
  if (tls === undefined) return undefined;
  const certificate = openServedCertificate(tls, clock);
  const watching = watchDocuments([tls.certificate, tls.key], () => {
    try {
      certificate.reload();
    } catch (error) {
      log.error({ err: error }, "the new certificate is not taken; the old one stays");
    }
  });
  opened.defer(() => watching.close());
  return certificate;
}
