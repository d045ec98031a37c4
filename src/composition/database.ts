import { type DatabaseConfiguration, readDocuments, readSecret, type SecretReference } from "#config";
import type { Secret } from "#lib/secret";
import type { PostgresServer } from "../storage/postgres/index.ts";
import { openDatabase, openDatabaseForReading } from "../storage/sqlite/index.ts";
import { type Database, foldNames } from "../storage/stores/index.ts";

/** The one that serves: `file` is where SQLite keeps it. Throws what the engine and its secrets throw. */
export async function openServingDatabase(
  configured: DatabaseConfiguration,
  file: string,
): Promise<Database> {
  const database = await openAlone(configured, file);
  try {
    await foldNames(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openAlone(configured: DatabaseConfiguration, file: string): Promise<Database> {
  if (configured.kind === "sqlite") return openDatabase(file);
  const { openPostgres } = await import("../storage/postgres/index.ts");
  const { migrate_as: migrator } = configured;
  return openPostgres(
    serverOf(configured),
    migrator && { user: migrator.user, password: secretOf(migrator.password) },
  );
}

/** Beside a running server or without one; changes nothing. */
export async function openReadingDatabase(
  configured: DatabaseConfiguration,
  file: string,
): Promise<Database> {
  if (configured.kind === "sqlite") return openDatabaseForReading(file);
  const { openPostgresForReading } = await import("../storage/postgres/index.ts");
  return openPostgresForReading(serverOf(configured));
}

function serverOf(configured: Extract<DatabaseConfiguration, { kind: "postgres" }>): PostgresServer {
  const { host, port, name: database, user, password, ca } = configured;
  return {
    host,
    port,
    database,
    user,
    password: secretOf(password),
    ca:
      ca === undefined
        ? undefined
        : readDocuments([ca])
            .map(({ text }) => text)
            .join("\n"),
  };
}

function secretOf(reference: SecretReference | undefined): Secret | undefined {
  return reference && readSecret(reference);
}
