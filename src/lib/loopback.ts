import { isIP } from "node:net";

/**
 * Whether a host, as it stands in a URL or is listened on, is this machine and nobody else: what passes in the clear there
 * is heard by nobody in between. A name that merely begins like an address is not.
 */
export function isLoopbackHost(host: string): boolean {
  if (host === "localhost" || host === "::1" || host === "[::1]") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
