import { readFileSync } from "node:fs";
import { z } from "zod";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";

/** Where a secret is: a variable of the server's environment, or a file. gatehouse.yaml itself never holds one. */
export const secretReference = z
  .union([
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must name a variable") }),
    z.strictObject({ file: z.string().min(1) }),
  ])
  .describe("where the secret is: { env: NAME } or { file: PATH }");
export type SecretReference = z.infer<typeof secretReference>;

/** With the path of a file made absolute. */
export function absoluteReference(
  reference: SecretReference,
  absolute: (path: string) => string,
): SecretReference {
  return "file" in reference ? { file: absolute(reference.file) } : reference;
}

/**
 * The secret as it is now; a file is read again at each call, so that replacing it rotates the secret. One newline at
 * the end of a file is the editor's, not the secret's. Throws `secret_missing`, naming the place and never the value.
 */
export function readSecret(reference: SecretReference): Secret {
  const { place, value } = "env" in reference ? fromEnvironment(reference.env) : fromFile(reference.file);
  if (value === "") throw missing(place, "is empty");
  if (value.length > limits.secretCharactersMax) throw missing(place, "is too long to be a secret");
  return new Secret(value);
}

interface Found {
  readonly place: string;
  readonly value: string;
}

function fromEnvironment(name: string): Found {
  const value = process.env[name];
  if (value === undefined) throw missing(`the variable ${name}`, "is not set");
  return { place: `the variable ${name}`, value };
}

function fromFile(path: string): Found {
  try {
    return { place: path, value: readFileSync(path, "utf8").replace(/\r?\n$/, "") };
  } catch (error) {
    throw missing(path, `cannot be read: ${messageOf(error)}`);
  }
}

function missing(place: string, what: string): GatehouseError {
  return new GatehouseError("secret_missing", `A secret of the configuration is missing: ${place} ${what}.`);
}
