import { readFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { GatehouseError, messageOf } from "#lib/errors";
import { type Configuration, configurationSchema } from "./configuration.ts";
import { absoluteDatabasePaths } from "./database.ts";

/**
 * Reads gatehouse.yaml. Relative paths in it are relative to the file.
 * Throws `config_invalid` naming file, line and key for each mistake.
 */
export function loadConfiguration(file: string): Configuration {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new GatehouseError("config_unreadable", `Cannot read ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
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
  const messages = parsed.error.issues.map((issue) => {
    const node = nearestNode(document, issue.path);
    const line = node === undefined ? 1 : lines.linePos(node).line;
    return `${file}:${line}: ${describe(issue)}`;
  });
  throw new GatehouseError("config_invalid", messages.join("\n"));
}

function describe(issue: z.core.$ZodIssue): string {
  const key = issue.path.join(".");
  return key === "" ? issue.message : `${key}: ${issue.message}`;
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
    identity: {
      ...configuration.identity,
      saml: configuration.identity.saml.map((provider) => ({
        ...provider,
        certificates: provider.certificates.map(absolute),
      })),
    },
    policies: configuration.policies.map(absolute),
    masking: configuration.masking.map(absolute),
    connections: configuration.connections.map((connection) => ({
      ...connection,
      identity: absoluteKeyPaths(connection.identity, absolute),
    })),
  };
}

type Identity = Configuration["connections"][number]["identity"];

function absoluteKeyPaths(identity: Identity, absolute: (path: string) => string): Identity {
  if (identity.kind === "key_file") return { ...identity, path: absolute(identity.path) };
  if (identity.kind === "impersonation" && identity.source.kind === "key_file") {
    return { ...identity, source: { ...identity.source, path: absolute(identity.source.path) } };
  }
  return identity;
}
