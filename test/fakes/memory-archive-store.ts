import type { ArchiveStore } from "#archive";

/** Archived sizes in memory. */
export function memoryArchiveStore(): ArchiveStore {
  const sizes = new Map<string, number>();
  return {
    reached: async (place, size) => void sizes.set(place, Math.max(size, sizes.get(place) ?? 0)),
    sizeAt: async (place) => sizes.get(place) ?? 0,
    largestSize: async () => Math.max(0, ...sizes.values()),
  };
}
