import type { CosignatureStore, StoredCosignature } from "#witness";

/** Cosignatures in memory. */
export function memoryCosignatureStore(): CosignatureStore {
  const kept = new Map<string, StoredCosignature>();
  const inOrder = (): StoredCosignature[] => [...kept.values()].sort((one, other) => one.size - other.size);
  return {
    keep: async (cosignature) => void kept.set(`${cosignature.size} ${cosignature.cosigner}`, cosignature),
    of: async (size) =>
      inOrder()
        .filter((each) => each.size === size)
        .sort((one, other) => (one.cosigner < other.cosigner ? -1 : 1)),
    newestOf: async (cosigner) => inOrder().findLast((each) => each.cosigner === cosigner),
    largestSize: async () => inOrder().at(-1)?.size ?? 0,
  };
}
