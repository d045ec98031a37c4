import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where everything of one Gatehouse lies. Readable by its owner only, from its creation on. */
export interface DataFolder {
  readonly path: string;
  readonly database: string;
  readonly keys: string;
  readonly logKey: string;
  readonly sealingKey: string;
  readonly tokenKey: string;
  readonly placeholderKey: string;
  /** What wraps the keys of recordings, where no other key provider is configured. */
  readonly wrappingKeys: string;
  /** Verifier key of the log; public. */
  readonly verifierKey: string;
}

export function openDataFolder(path: string): DataFolder {
  const keys = join(path, "keys");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  return {
    path,
    database: join(path, "gatehouse.db"),
    keys,
    logKey: join(keys, "log.pem"),
    sealingKey: join(keys, "sealing.key"),
    tokenKey: join(keys, "token.pem"),
    placeholderKey: join(keys, "placeholder.key"),
    wrappingKeys: join(keys, "wrapping.keys"),
    verifierKey: join(path, "log.vkey"),
  };
}

/** For auditors: what to check the log with. They should keep a copy elsewhere. */
export function publishVerifierKey(folder: DataFolder, verifierKey: string): void {
  writeFileSync(folder.verifierKey, `${verifierKey}\n`, { mode: 0o644 });
}
