import type { SpentAssertions } from "#identity";

export function memorySpentAssertions(): SpentAssertions & { readonly digests: Set<string> } {
  const digests = new Set<string>();
  return {
    digests,
    spend: async (digest) => {
      const isFirst = !digests.has(digest);
      digests.add(digest);
      return isFirst;
    },
  };
}
