import { errors, jwtVerify } from "jose";
import type { Clock } from "#lib/clock";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Claims } from "./claim-path.ts";
import type { CompactToken } from "./compact-token.ts";
import type { SignatureAlgorithm } from "./key-set.ts";
import type { ProviderKeys } from "./provider-keys.ts";

export interface SignatureRules {
  /** As in the token, byte for byte. */
  readonly issuer: string;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly keys: Pick<ProviderKeys, "find">;
  readonly clock: Clock;
}

/** `detail` is for our log only. */
export type SignedClaims =
  | { readonly kind: "signed"; readonly claims: Claims }
  | {
      readonly kind: "refused";
      readonly code: "invalid" | "expired" | "provider_unavailable";
      readonly detail: string;
    };

/**
 * What every token of an identity provider must be, a person's as a workload's: signed by a key of its issuer with an
 * algorithm on the list, of that issuer, timely. Whom it is for and what it says is judged by the caller.
 */
export async function proveClaims(token: CompactToken, rules: SignatureRules): Promise<SignedClaims> {
  const { issuer, algorithms, keys, clock } = rules;
  const algorithm = algorithms.find((each) => each === token.header.alg);
  if (algorithm === undefined) return refused("invalid", `algorithm ${token.header.alg}`);
  if (!isIdTokenType(token.header.typ)) return refused("invalid", `typ ${token.header.typ}`);
  const finding = await keys.find(token.header);
  if (finding.kind === "provider_unavailable") return refused("provider_unavailable", finding.detail);
  if (finding.kind === "unknown") return refused("invalid", finding.detail);
  try {
    const { payload } = await jwtVerify(token.text, finding.key, {
      algorithms: [algorithm],
      issuer,
      requiredClaims: ["sub", "aud", "exp", "iat"],
      clockTolerance: limits.tokenSkewMs / 1000,
      maxTokenAge: limits.identityTokenAgeMsMax / 1000,
      currentDate: clock.now(),
    });
    return { kind: "signed", claims: payload };
  } catch (error) {
    return refused(error instanceof errors.JWTExpired ? "expired" : "invalid", messageOf(error));
  }
}

function refused(code: Extract<SignedClaims, { kind: "refused" }>["code"], detail: string): SignedClaims {
  return { kind: "refused", code, detail };
}

/** ID tokens carry `JWT` or nothing; access, logout and DPoP tokens say what they are, and are not this. */
function isIdTokenType(typ: string | undefined): boolean {
  return typ === undefined || typ.toUpperCase() === "JWT";
}
