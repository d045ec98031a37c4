import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { DataKeys, type KeyProvider, type LogSource } from "#audit";
import { GatehouseError } from "#lib/errors";

/** Wraps with a key of its own, counts, and is away when the test says so. */
export interface FakeKeyProvider extends KeyProvider {
  readonly calls: { wrap: number; unwrap: number };
  isAway: boolean;
}

export function fakeKeyProvider(name = "fake"): FakeKeyProvider {
  const wrappingKey = randomBytes(32);
  const provider: FakeKeyProvider = {
    name,
    calls: { wrap: 0, unwrap: 0 },
    isAway: false,
    async wrap(dataKey, of) {
      provider.calls.wrap += 1;
      mustBeThere();
      const nonce = randomBytes(12);
      const sealing = createCipheriv("aes-256-gcm", wrappingKey, nonce).setAAD(
        Buffer.from(JSON.stringify(of)),
      );
      return Buffer.concat([nonce, sealing.update(dataKey), sealing.final(), sealing.getAuthTag()]);
    },
    async unwrap(wrapped, of) {
      provider.calls.unwrap += 1;
      mustBeThere();
      const opening = createDecipheriv("aes-256-gcm", wrappingKey, wrapped.subarray(0, 12));
      opening.setAAD(Buffer.from(JSON.stringify(of))).setAuthTag(wrapped.subarray(-16));
      try {
        return Buffer.concat([opening.update(wrapped.subarray(12, -16)), opening.final()]);
      } catch {
        throw new GatehouseError("wrapped_key_broken", "The fake did not wrap this.");
      }
    },
  };
  const mustBeThere = (): void => {
    if (provider.isAway) throw new GatehouseError("key_provider_unavailable", "The fake is away.");
  };
  return provider;
}

const ofProcess = fakeKeyProvider();

/** The keys of a log under test. Whoever opens the same store again in this process can read it. */
export function keysOf(source: LogSource, provider: KeyProvider = ofProcess): DataKeys {
  return new DataKeys(source, [provider]);
}
