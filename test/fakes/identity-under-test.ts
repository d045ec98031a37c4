import { generateKeyPairSync, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import {
  type Identity,
  type IdentityParts,
  openIdentity,
  type SessionFact,
  type TokenSigner,
} from "#identity";
import type { Clock } from "#lib/clock";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { type ManualTimer, manualTimer } from "./manual-timer.ts";
import { memoryLoginStore } from "./memory-login-store.ts";
import { memorySessionStore } from "./memory-session-store.ts";
import { memorySignOutStore } from "./memory-sign-out-store.ts";
import { memorySpentAssertions } from "./memory-spent-assertions.ts";
import { roleGroups, startTokenIssuer, type TokenIssuer } from "./token-issuer.ts";

export interface IdentityUnderTest {
  readonly identity: Identity;
  readonly issuer: TokenIssuer;
  readonly store: ReturnType<typeof memorySessionStore>;
  readonly clock: ManualClock;
  readonly timer: ManualTimer;
  readonly signer: FakeSigner;
  readonly facts: SessionFact[];
  /** The same people and sessions after a restart: nothing in memory is left. */
  restart(changes?: Partial<IdentityParts>): Promise<Identity>;
}

export const controlUrl = "http://127.0.0.1:8440";

/** The whole identity module with nothing real outside it. Starts at the wall clock, which openid-client goes by. */
export async function identityUnderTest(
  changes: (clock: Clock) => Promise<Partial<IdentityParts>> = async () => ({}),
): Promise<IdentityUnderTest> {
  const clock = manualClock(new Date().toISOString());
  const timer = manualTimer();
  const issuer = await startTokenIssuer(clock);
  const store = memorySessionStore();
  const facts: SessionFact[] = [];
  const signer = fakeSigner();
  const parts: IdentityParts = {
    issuers: [issuer.settings],
    samlProviders: [],
    spentAssertions: memorySpentAssertions(),
    loginStore: memoryLoginStore(),
    signOutStore: memorySignOutStore(),
    roleGroups,
    controlUrl,
    signer,
    store,
    networkOf: () => issuer.network,
    clock,
    timer,
    knowsConnection: (name) => name === "practice",
    onFact: async (fact) => void facts.push(fact),
    ...(await changes(clock)),
  };
  return {
    identity: await openIdentity(parts),
    issuer,
    store,
    clock,
    timer,
    signer,
    facts,
    restart: (more = {}) => openIdentity({ ...parts, ...more }),
  };
}

export interface FakeSigner extends TokenSigner {
  /** With the same key, another kind of token. */
  signAs(typ: string, claims: Readonly<Record<string, unknown>>): Promise<string>;
}

export function fakeSigner(): FakeSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const x = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64url");
  const keyId = randomUUID();
  const signAs: FakeSigner["signAs"] = (typ, claims) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: "EdDSA", typ, kid: keyId }).sign(privateKey);
  return {
    keyId,
    publicJwk: { kty: "OKP", crv: "Ed25519", x },
    sign: (claims) => signAs("at+jwt", claims),
    signAs,
  };
}
