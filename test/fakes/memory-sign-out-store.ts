import type { SignOutStore } from "#identity";

export function memorySignOutStore(): SignOutStore {
  const ends = new Map<string, Date>();
  const subjects = new Map<string, string>();
  const spent = new Set<string>();
  return {
    end: async (scope, at) => {
      if (at > (ends.get(scope) ?? new Date(0))) ends.set(scope, at);
    },
    endedAt: async (scopes) => {
      const found = scopes.flatMap((scope) => ends.get(scope)?.getTime() ?? []);
      return found.length === 0 ? undefined : new Date(Math.max(...found));
    },
    remember: async ({ issuer, sid }, subject) => void subjects.set(`${issuer} ${sid}`, subject),
    subjectOf: async ({ issuer, sid }) => subjects.get(`${issuer} ${sid}`),
    isSpent: async (digest) => spent.has(digest),
    spend: async (digest) => void spent.add(digest),
  };
}
