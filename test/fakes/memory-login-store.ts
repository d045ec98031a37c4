import { isMeant, type Login, type LoginStore } from "#identity";

export function memoryLoginStore(): LoginStore {
  const logins = new Map<string, Login>();
  return {
    insert: async (login) => void logins.set(login.digest, login),
    find: async (digest) => logins.get(digest),
    revoke: async (which, at) => {
      const meant = [...logins.values()].filter(
        ({ digest, principal, revokedAt }) =>
          revokedAt === undefined &&
          (typeof which === "object" && "digest" in which
            ? which.digest === digest
            : isMeant(principal, which)),
      );
      for (const login of meant) logins.set(login.digest, { ...login, revokedAt: at });
      return meant.length;
    },
  };
}
