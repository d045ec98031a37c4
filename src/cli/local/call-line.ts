import type { CallLine } from "#catalogue";
import { GatehouseError } from "#lib/errors";
import type { RawHeader } from "#lib/headers";

/**
 * `POST https://host/path?query`, then any number of headers `Name: value` behind tabs, as the gateway would receive
 * it. Nothing is normalised: `URL` would hide the tricks. Throws GatehouseError `usage_invalid`.
 */
export function parseCallLine(text: string): CallLine {
  const [call = "", ...headers] = text.trim().split("\t");
  const [, method, host, target = ""] = /^([A-Z]+) +https:\/\/([^/\s?#]+)([/?].*)?$/.exec(call.trim()) ?? [];
  if (method === undefined || host === undefined) {
    throw new GatehouseError(
      "usage_invalid",
      `${JSON.stringify(call.slice(0, 200))} is not a call. Write it as 'GET https://host/path', in quotes.`,
    );
  }
  return {
    method,
    host,
    target: target.startsWith("/") ? target : `/${target}`,
    headers: headers.map(parseHeader),
  };
}

function parseHeader(text: string): RawHeader {
  const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ ]?(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new GatehouseError(
      "usage_invalid",
      `${JSON.stringify(text.slice(0, 200))} is not a header. Write it as 'Name: value', behind a tab.`,
    );
  }
  return [name, value];
}
