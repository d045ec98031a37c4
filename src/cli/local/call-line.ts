import type { CallLine } from "#catalogue";
import { GatehouseError } from "#lib/errors";

/** `POST https://host/path?query` as the gateway would receive it. Nothing is normalised: `URL` would hide the tricks. */
export function parseCallLine(text: string): CallLine {
  const [, method, host, target] = /^([A-Z]+) +https:\/\/([^/\s?#]+)(\/\S*)?$/.exec(text.trim()) ?? [];
  if (method === undefined || host === undefined) {
    throw new GatehouseError(
      "usage_invalid",
      `"${text}" is not a call. Write it as 'GET https://host/path', in quotes.`,
    );
  }
  return { method, host, target: target ?? "/", headers: [] };
}
