import type { Clock } from "#lib/clock";
import type { DeviceSignIns } from "../device/device-sign-ins.ts";
import type { Logins } from "../device/login.ts";
import { principalId } from "../principal.ts";
import type { Sessions } from "../sessions.ts";
import type { LogoutVerdict, ProvenLogout } from "./logout-token.ts";
import type { SignOutStore } from "./sign-out-store.ts";
import type { StopCause } from "./stop-cause.ts";
import { isMeant, scopeOf, type Whose } from "./whose.ts";

/** What was ended. */
export interface Ended {
  /** Ids of the agents' sessions that ran. */
  readonly sessions: readonly string[];
  /** How many machines have to sign in again. */
  readonly logins: number;
  /** How many browsers have to. */
  readonly browsers: number;
}

/** Ends the browser sessions of these people, and says how many there were. */
type BrowserEnder = (whose: Whose) => number;

/** A provider's word that somebody is signed out, believed. */
export interface ProviderSignOut {
  readonly issuer: string;
  readonly subject: string;
  readonly principalId: string;
  readonly logout: ProvenLogout;
}

export type ProviderSignOutVerdict =
  | { readonly kind: "signed_out"; readonly signOut: ProviderSignOut }
  /** It names a session that nobody came here with. */
  | { readonly kind: "nobody" }
  | Extract<LogoutVerdict, { kind: "refused" }>;

/** Ends what people and their agents were let in with. */
export interface SignOuts {
  /** Browser sessions are kept by whoever serves browsers. Must not throw. */
  onEnd(end: BrowserEnder): void;
  /**
   * At once: browsers, ID tokens issued until now, logins, commands that wait, and agents' sessions. First what needs no disk,
   * then what could open the next session, then the sessions. Rejects when that cannot be stored or recorded; what was cut stays cut.
   */
  end(whose: Whose, cause: StopCause): Promise<Ended>;
  /** Judges a logout token that came by this provider's way. It changes nothing yet. */
  prove(providerId: string, logoutToken: string): Promise<ProviderSignOutVerdict>;
  /** Ends everything of the person that came through the provider. The token counts no second time after that. */
  obey(signOut: ProviderSignOut): Promise<Ended>;
}

export interface SignOutsParts {
  readonly store: SignOutStore;
  readonly sessions: Pick<Sessions, "stop" | "recentStops">;
  readonly logins: Pick<Logins, "revoke">;
  readonly deviceSignIns: Pick<DeviceSignIns, "refuseApproved">;
  /** By the provider's id; `undefined` for those that send no logout tokens. */
  readonly verify: (providerId: string, logoutToken: string) => Promise<LogoutVerdict> | undefined;
  readonly clock: Clock;
}

export function openSignOuts(parts: SignOutsParts): SignOuts {
  const { store, clock } = parts;
  const enders: BrowserEnder[] = [];
  return {
    onEnd: (ender) => void enders.push(ender),
    end: (whose, cause) => end(whose, { cause, at: clock.now(), enders }, parts),
    prove: async (providerId, logoutToken) => {
      const verdict = await parts.verify(providerId, logoutToken);
      if (verdict === undefined) return refused(`no OpenID Connect provider ${providerId}`);
      if (verdict.kind === "refused") return verdict;
      const { logout } = verdict;
      if (await store.isSpent(logout.digest)) return refused("a logout token a second time");
      const { issuer, sid } = logout;
      const known = sid === undefined ? undefined : await store.subjectOf({ issuer, sid });
      const subject = logout.subject ?? known;
      if (subject === undefined) return { kind: "nobody" };
      if (known !== undefined && known !== subject) return refused("sid and sub are two people's");
      return {
        kind: "signed_out",
        signOut: { issuer, subject, principalId: principalId(issuer, subject), logout },
      };
    },
    obey: async ({ principalId: id, logout }) => {
      const cause = { kind: "signed_out_at_provider" } as const;
      const ended = await end({ principal: id }, { cause, at: logout.issuedAt, enders }, parts);
      // Last: a provider that tries again after a failure of ours must not hear that it has said so already.
      await store.spend(logout.digest, logout.countsUntil);
      return ended;
    },
  };
}

function refused(detail: string): Extract<LogoutVerdict, { kind: "refused" }> {
  return { kind: "refused", code: "invalid", detail };
}

interface Occasion {
  readonly cause: StopCause;
  readonly at: Date;
  readonly enders: readonly BrowserEnder[];
}

async function end(whose: Whose, { cause, at, enders }: Occasion, parts: SignOutsParts): Promise<Ended> {
  const { store, sessions, logins, deviceSignIns } = parts;
  const endBrowsers = (): number => enders.reduce((sum, ender) => sum + ender(whose), 0);
  const first = endBrowsers();
  await store.end(scopeOf(whose), at);
  // Whose proof was believed a moment before finds this when they come in or open something. Whoever was faster is ended
  // by what follows.
  sessions.recentStops.note(whose, cause);
  const browsers = first + endBrowsers();
  deviceSignIns.refuseApproved((principal) => isMeant(principal, whose));
  const revoked = await logins.revoke(whose);
  return { sessions: await sessions.stop(whose, cause), logins: revoked, browsers };
}
