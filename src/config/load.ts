import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { GatehouseError, messageOf } from "#lib/errors";
import { absoluteArchive } from "./archive.ts";
import { type Configuration, configurationSchema } from "./configuration.ts";
import { absoluteDatabasePaths } from "./database.ts";
import type { ListenerConfiguration } from "./listener.ts";
import { absoluteReference } from "./secret-reference.ts";
import { absoluteSinkPaths } from "./sinks.ts";

/**
 * Reads gatehouse.yaml. Relative paths in it are relative to the file.
 * Throws `config_invalid` naming file, line and key for each mistake.
 */
export function loadConfiguration(file: string): Configuration {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const problem = isMissing
      ? `${file} does not exist. Create it, or correct the path.`
      : `Cannot read ${file}: ${messageOf(error)}`;
    throw new GatehouseError("config_unreadable", problem, { cause: error });
  }
  return readConfiguration(file, text);
}

/** The same of text that was read already. */
export function readConfiguration(file: string, text: string): Configuration {
  return absolutePaths(parseConfiguration(file, text), dirname(resolve(file)));
}

/** Parses configuration text; `file` is only for messages. */
export function parseConfiguration(file: string, text: string): Configuration {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0]);
    throw new GatehouseError(
      "config_invalid",
      `${file}:${line}: ${problem.message.split("\n")[0] ?? "not YAML"}`,
    );
  }
  const parsed = configurationSchema.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (parsed.success) return parsed.data;
  const messages = parsed.error.issues.flatMap(mistakesOf).map(({ path, key, message }) => {
    const node =
      (key === undefined ? undefined : keyNode(document, path, key)) ?? nearestNode(document, path);
    const line = node === undefined ? 1 : lines.linePos(node).line;
    return `${file}:${line}: ${path.length === 0 ? "" : `${path.join(".")}: `}${message}`;
  });
  throw new GatehouseError("config_invalid", messages.join("\n"));
}

interface Mistake {
  readonly path: readonly PropertyKey[];
  /** The unknown key itself: in a long file the line of what it is in leads nowhere. */
  readonly key?: string;
  readonly message: string;
}

/** Each unknown key is a mistake of its own, since each stands on a line of its own. */
function mistakesOf({ path, message, ...issue }: z.core.$ZodIssue): Mistake[] {
  if (issue.code === "too_big" || issue.code === "too_small")
    return [{ path, message: boundMessage(issue, message) }];
  if (issue.code !== "unrecognized_keys") return [{ path, message }];
  return issue.keys.map((key) => ({ path, key, message: `Unrecognized key: ${JSON.stringify(key)}` }));
}

type Bound =
  | Pick<z.core.$ZodIssueTooBig, "code" | "maximum" | "origin" | "inclusive">
  | Pick<z.core.$ZodIssueTooSmall, "code" | "minimum" | "origin" | "inclusive">;

/** A number out of range, in words; a message of our own stays. */
function boundMessage(issue: Bound, message: string): string {
  const isNumber = issue.origin === "number" || issue.origin === "int";
  if (!isNumber || !/^Too (big|small): /.test(message)) return message;
  const [atBound, beyond] = issue.code === "too_big" ? ["at most", "less than"] : ["at least", "more than"];
  const bound = issue.code === "too_big" ? issue.maximum : issue.minimum;
  return `must be ${issue.inclusive === false ? beyond : atBound} ${bound}`;
}

/** Offset of a key in the mapping at the path. */
function keyNode(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
  key: string,
): number | undefined {
  const parent: unknown = document.getIn(path, true);
  if (!isMap(parent)) return undefined;
  const found = parent.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key)?.key;
  return isScalar(found) ? found.range?.[0] : undefined;
}

/** Offset of the innermost node that exists on the path, so that a missing key points at its parent. */
function nearestNode(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const found: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(found) && found.range) return found.range[0];
  }
  return undefined;
}

function absolutePaths(configuration: Configuration, base: string): Configuration {
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(base, path));
  return {
    ...configuration,
    data: absolute(configuration.data),
    database: absoluteDatabasePaths(configuration.database, absolute),
    control: absoluteCertificate(configuration.control, absolute),
    proxy: absoluteCertificate(configuration.proxy, absolute),
    ...(configuration.universe === undefined
      ? {}
      : { universe: absoluteCertificate(configuration.universe, absolute) }),
    identity: {
      ...configuration.identity,
      issuers: configuration.identity.issuers.map((issuer) =>
        absoluteSecrets(absoluteFiles(issuer, absolute), absolute),
      ),
      machines: configuration.identity.machines.map((machine) => absoluteFiles(machine, absolute)),
      saml: configuration.identity.saml.map((provider) => ({
        ...provider,
        certificates: provider.certificates.map(absolute),
      })),
    },
    archive: configuration.archive && absoluteArchive(configuration.archive, absolute),
    recordings: absoluteRecordings(configuration.recordings, absolute),
    policies: configuration.policies.map(absolute),
    masking: configuration.masking.map(absolute),
    sinks: configuration.sinks.map((sink) => absoluteSinkPaths(sink, absolute)),
    connections: configuration.connections.map((connection) => ({
      ...connection,
      identity: absoluteKeyPaths(connection.identity, absolute),
    })),
  };
}

function absoluteCertificate<Listener extends Pick<ListenerConfiguration, "tls">>(
  listener: Listener,
  absolute: (path: string) => string,
): Listener {
  const { tls } = listener;
  if (tls === undefined) return listener;
  return { ...listener, tls: { certificate: absolute(tls.certificate), key: absolute(tls.key) } };
}

/** Of an issuer of people or machines; keys that are not there stay away. */
function absoluteFiles<
  Written extends { readonly ca_file?: string | undefined; readonly jwks_file?: string | undefined },
>(written: Written, absolute: (path: string) => string): Written {
  const { ca_file: authorities, jwks_file: keys } = written;
  return {
    ...written,
    ...(authorities === undefined ? {} : { ca_file: absolute(authorities) }),
    ...(keys === undefined ? {} : { jwks_file: absolute(keys) }),
  };
}

type Issuer = Configuration["identity"]["issuers"][number];

function absoluteSecrets(issuer: Issuer, absolute: (path: string) => string): Issuer {
  const { introspection, web_client_secret: webSecret } = issuer;
  const asking = introspection && {
    ...introspection,
    client_secret: absoluteReference(introspection.client_secret, absolute),
  };
  return {
    ...issuer,
    ...(asking === undefined ? {} : { introspection: asking }),
    ...(webSecret === undefined ? {} : { web_client_secret: absoluteReference(webSecret, absolute) }),
  };
}

function absoluteRecordings(
  recordings: Configuration["recordings"],
  absolute: (path: string) => string,
): Configuration["recordings"] {
  const { keys } = recordings;
  if (keys.provider === "file" || keys.identity.kind !== "key_file") return recordings;
  const identity = { ...keys.identity, path: absolute(keys.identity.path) };
  return { ...recordings, keys: { ...keys, identity } };
}

type Identity = Configuration["connections"][number]["identity"];

function absoluteKeyPaths(identity: Identity, absolute: (path: string) => string): Identity {
  if (identity.kind === "key_file") return { ...identity, path: absolute(identity.path) };
  if (identity.kind === "impersonation" && identity.source.kind === "key_file") {
    return { ...identity, source: { ...identity.source, path: absolute(identity.source.path) } };
  }
  return identity;
}
