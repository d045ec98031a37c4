import { z } from "zod";
import { absoluteReference, secretReference } from "./secret-reference.ts";

const role = z.string().min(1).max(63);

const postgres = z.strictObject({
  kind: z.literal("postgres"),
  host: z
    .string()
    .min(1)
    .describe("name, address, or folder of a Unix socket; only this machine is spoken to without TLS"),
  port: z.int().min(1).max(65_535).default(5432),
  name: z.string().min(1).max(63).default("gatehouse").describe("of the database"),
  user: role.default("gatehouse").describe("role that runs the gateway"),
  password: secretReference.optional(),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe("PEM file of the authority behind the server's certificate; the public ones without it"),
  migrate_as: z
    .strictObject({ user: role, password: secretReference.optional() })
    .optional()
    .describe(
      "role that owns the tables and changes them at a start; the one that runs then can only add to the log",
    ),
});

/** Where everything is kept that is not a key. */
export const databaseSchema = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("sqlite").describe("a file in the data folder") }),
    postgres,
  ])
  .prefault({ kind: "sqlite" });
export type DatabaseConfiguration = z.infer<typeof databaseSchema>;

export function absoluteDatabasePaths(
  database: DatabaseConfiguration,
  absolute: (path: string) => string,
): DatabaseConfiguration {
  if (database.kind === "sqlite") return database;
  const { password, ca, migrate_as: migrator } = database;
  return {
    ...database,
    password: password && absoluteReference(password, absolute),
    ca: ca && absolute(ca),
    migrate_as: migrator && {
      ...migrator,
      password: migrator.password && absoluteReference(migrator.password, absolute),
    },
  };
}
