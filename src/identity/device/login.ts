import { createHash, randomBytes } from "node:crypto";
import type { Clock } from "#lib/clock";
import { limits } from "#lib/limits";
import type { Principal } from "../principal.ts";
import type { Whose } from "../sign-out/whose.ts";

/** A sign-in that one machine keeps so that agents there can open sessions. It carries `agent-user` and nothing else. */
export interface Login {
  /** Of the token; the token itself is kept nowhere here. */
  readonly digest: string;
  readonly principal: Principal;
  /** What the machine calls itself. */
  readonly machine: string;
  readonly startedAt: Date;
  readonly endsAt: Date;
  readonly revokedAt: Date | undefined;
}

export type LoginSelection = { readonly digest: string } | Whose;

/** What is kept of logins. Implementations live in storage/. */
export interface LoginStore {
  insert(login: Login): Promise<void>;
  find(digest: string): Promise<Login | undefined>;
  /** Marks logins revoked; returns how many were not before. */
  revoke(which: LoginSelection, at: Date): Promise<number>;
}

export interface Logins {
  /** Durable when it resolves. The token is shown once. */
  issue(principal: Principal, machine: string): Promise<{ readonly token: string; readonly lifeMs: number }>;
  /** The login behind a token, if it counts now. */
  find(token: string): Promise<Login | undefined>;
  revokeToken(token: string): Promise<void>;
  revoke(which: LoginSelection): Promise<number>;
}

const shape = /^ghl_[\w-]{43}$/;

/** Whether this claims to be a login's token; it says nothing about whether it is one. */
export function isLoginToken(text: string): boolean {
  return shape.test(text);
}

export interface LoginsParts {
  readonly store: LoginStore;
  readonly clock: Clock;
  /**
   * The person as their identity provider may vouch for them now, or nobody when it is no longer configured: a login outlives
   * restarts, and neither its provider nor what that is believed.
   */
  readonly vouchedNow: (principal: Principal) => Principal | undefined;
}

export function openLogins({ store, clock, vouchedNow }: LoginsParts): Logins {
  return {
    issue: async (principal, machine) => {
      const token = `ghl_${randomBytes(32).toString("base64url")}`;
      const startedAt = clock.now();
      // Nobody asks the provider again: whoever leaves or changes groups is who they were until this ends.
      const endsAt = new Date(startedAt.getTime() + limits.loginLifeMs);
      await store.insert({
        digest: digestOf(token),
        principal,
        machine,
        startedAt,
        endsAt,
        revokedAt: undefined,
      });
      return { token, lifeMs: limits.loginLifeMs };
    },
    find: async (token) => {
      if (!isLoginToken(token)) return undefined;
      const login = await store.find(digestOf(token));
      if (login === undefined || login.revokedAt !== undefined || clock.now() >= login.endsAt)
        return undefined;
      const principal = vouchedNow(login.principal);
      return principal && { ...login, principal };
    },
    revokeToken: async (token) => {
      if (isLoginToken(token)) await store.revoke({ digest: digestOf(token) }, clock.now());
    },
    revoke: (which) => store.revoke(which, clock.now()),
  };
}

/** 256 random bits need no salt and no slow hash. */
function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
