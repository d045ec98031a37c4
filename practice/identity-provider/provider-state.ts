import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import type { Adapter, AdapterPayload } from "oidc-provider";
import { z } from "zod";

/** Records of one kind beyond this number push out the oldest. */
const RECORDS_MAX = 1_000;

/** What must outlive a restart, so that a login that was stored yesterday still works today. */
const keptModels = ["RefreshToken", "Grant"];

interface StoredRecord {
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number;
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

const fileSchema = z.strictObject({
  signingKeys: z.array(z.custom<JWK>(isObject)).min(1),
  cookieKeys: z.array(z.string().min(1)).min(1),
  records: z.record(
    z.string(),
    z.array(
      z.tuple([
        z.string(),
        z.strictObject({ payload: z.custom<AdapterPayload>(isObject), expiresAtMs: z.number() }),
      ]),
    ),
  ),
});

/**
 * The provider's memory: signing keys (newest first), cookie keys, and what oidc-provider stores. With a file, keys
 * and stored logins survive restarts; the file is written whole, moved into place, and readable by its owner only.
 */
export class ProviderState {
  readonly cookieKeys: readonly string[];
  #signingKeys: readonly JWK[];
  readonly #file: string | undefined;
  readonly #models = new Map<string, Map<string, StoredRecord>>();

  private constructor(file: string | undefined, content: z.infer<typeof fileSchema>) {
    this.#file = file;
    this.cookieKeys = content.cookieKeys;
    this.#signingKeys = content.signingKeys;
    for (const [model, records] of Object.entries(content.records)) this.#models.set(model, new Map(records));
  }

  /** Reads the file, or begins afresh. Throws if others can read the file or it is not ours. */
  static async open(file: string | undefined): Promise<ProviderState> {
    const found = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
    if (file !== undefined && found !== undefined) {
      if (process.platform !== "win32" && (found.mode & 0o077) !== 0) {
        throw new Error(`${file} can be read by other users of this machine. Delete it to begin afresh.`);
      }
      return new ProviderState(file, fileSchema.parse(JSON.parse(readFileSync(file, "utf8"))));
    }
    const state = new ProviderState(file, {
      signingKeys: [await newSigningKey()],
      cookieKeys: [randomBytes(32).toString("base64url")],
      records: {},
    });
    state.#save();
    return state;
  }

  get signingKeys(): readonly JWK[] {
    return this.#signingKeys;
  }

  /** A new key signs from now on; the one before it stays published until the next rotation. */
  async rotateKeys(): Promise<void> {
    this.#signingKeys = [await newSigningKey(), ...this.#signingKeys.slice(0, 1)];
    this.#save();
  }

  /** The store of one of oidc-provider's models. */
  adapter(model: string): Adapter {
    const records = this.#models.get(model) ?? new Map<string, StoredRecord>();
    this.#models.set(model, records);
    const changed = (): void => {
      if (keptModels.includes(model)) this.#save();
    };
    const find = async (id: string): Promise<AdapterPayload | undefined> => {
      const record = records.get(id);
      return record !== undefined && Date.now() < record.expiresAtMs ? record.payload : undefined;
    };
    const findBy = async (field: "uid" | "userCode", value: string): Promise<AdapterPayload | undefined> => {
      const found = [...records].find(([, { payload }]) => payload[field] === value);
      return found === undefined ? undefined : find(found[0]);
    };
    return {
      find,
      findByUid: (uid) => findBy("uid", uid),
      findByUserCode: (userCode) => findBy("userCode", userCode),
      upsert: async (id, payload, expiresInSeconds) => {
        makeRoom(records);
        records.set(id, { payload, expiresAtMs: Date.now() + (expiresInSeconds ?? 86_400) * 1000 });
        changed();
      },
      consume: async (id) => {
        const record = records.get(id);
        if (record === undefined) return;
        const consumed = Math.floor(Date.now() / 1000);
        records.set(id, { ...record, payload: { ...record.payload, consumed } });
        changed();
      },
      destroy: async (id) => {
        records.delete(id);
        changed();
      },
      revokeByGrantId: async (grantId) => {
        for (const [id, { payload }] of records) if (payload.grantId === grantId) records.delete(id);
        changed();
      },
    };
  }

  #save(): void {
    if (this.#file === undefined) return;
    const records = keptModels.map((model) => [model, [...(this.#models.get(model) ?? [])]] as const);
    const content = {
      signingKeys: this.#signingKeys,
      cookieKeys: this.cookieKeys,
      records: Object.fromEntries(records),
    };
    const draft = `${this.#file}.${process.pid}.new`;
    const descriptor = openSync(draft, "w", 0o600);
    try {
      writeSync(descriptor, JSON.stringify(content));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, this.#file);
  }
}

function makeRoom(records: Map<string, StoredRecord>): void {
  for (const [id, { expiresAtMs }] of records) if (expiresAtMs <= Date.now()) records.delete(id);
  const [oldest] = records.keys();
  if (records.size >= RECORDS_MAX && oldest !== undefined) records.delete(oldest);
}

async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, alg: "ES256", use: "sig", kid: await calculateJwkThumbprint(jwk) };
}
