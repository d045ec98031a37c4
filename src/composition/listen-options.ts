import { type ListenerConfiguration, watchDocuments } from "#config";
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
  if (tls === undefined) return { host, port, tls: undefined, url: address };
  const certificate = openServedCertificate(tls, clock);
  const watching = watchDocuments([tls.certificate, tls.key], () => {
    try {
      certificate.reload();
    } catch (error) {
      log.error({ err: error }, "the new certificate is not taken; the old one stays");
    }
  });
  opened.defer(() => watching.close());
  return { host, port, tls: certificate, url: address };
}
