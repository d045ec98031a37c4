import { stringify } from "yaml";
import type { Configuration } from "./configuration.ts";

/** Names under which a configuration might one day hold something that is not for everybody's eyes. */
const tellsSecret = /secret|password|passphrase|private_key|token$/i;

/**
 * What is in force: defaults filled in, paths absolute. The file holds no secrets today; a key that is named like one is
 * hidden all the same, so that nobody has to think of this place when the first one comes.
 */
export function printConfiguration(configuration: Configuration): { yaml: string; json: unknown } {
  const json = hidden(configuration);
  return { yaml: stringify(json).trimEnd(), json };
}

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => [
      name,
      tellsSecret.test(name) && typeof inner === "string" ? "[hidden]" : hidden(inner),
    ]),
  );
}
