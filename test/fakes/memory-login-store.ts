import type { Login, LoginStore } from "#identity";

export function memoryLoginStore(): LoginStore {
  const logins = new Map<string, Login>();
  return {
    insert: async (login) => void logins.set(login.digest, login),
    find: async (digest) => logins.get(digest),
    revoke: async (which, at) => {
      const meant = [...logins.values()].filter(
        ({ digest, principal, revokedAt }) =>
          revokedAt === undefined &&
          (which === "all" ||
            ("digest" in which
              ? which.digest === digest
              : [principal.id, principal.email].includes(which.principal))),
      );
      for (const login of meant) logins.set(login.digest, { ...login, revokedAt: at });
      return meant.length;
    },
  };
}
