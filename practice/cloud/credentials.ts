import { createPublicKey, generateKeyPair, type KeyObject, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { type AccessTokens, createAccessTokens, TOKEN_LIFE_SECONDS } from "./access-tokens.ts";
import type { Clock } from "./clock.ts";

const makeKeyPair = promisify(generateKeyPair);

/** Where Google's libraries address their assertions, whatever the key file's `token_uri` says. */
const GOOGLE_TOKEN_AUDIENCE = "https://oauth2.googleapis.com/token";

/** A service account key as Google hands it out. */
export interface KeyFile {
  readonly type: "service_account";
  readonly project_id: string;
  readonly private_key_id: string;
  readonly private_key: string;
  readonly client_email: string;
  readonly client_id: string;
  readonly auth_uri: string;
  readonly token_uri: string;
  readonly universe_domain: "googleapis.com";
}

export interface IssuedKey {
  readonly id: string;
  readonly email: string;
  readonly createdAt: Date;
  readonly publicKey: KeyObject;
}

/** RFC 6749 section 5: the answer of a token endpoint. */
export type TokenAnswer =
  | { readonly access_token: string; readonly expires_in: number; readonly token_type: "Bearer" }
  | {
      readonly error: "invalid_grant" | "invalid_scope" | "unsupported_grant_type";
      readonly error_description: string;
    };

/**
 * Who may call. Keys and tokens live in memory only.
 *
 * Revoking a key kills the tokens obtained with it at once. Google lets such tokens run out within the hour; being
 * stricter shows on the next call whether a client still uses the old key.
 */
export interface Credentials {
  issueKey(email: string): Promise<KeyFile>;
  keysOf(email: string): readonly IssuedKey[];
  key(id: string): IssuedKey | undefined;
  /** Returns whether there was such a key. */
  revokeKey(id: string): boolean;
  /** The JWT bearer grant, RFC 7523 section 2.1. */
  exchange(form: URLSearchParams): Promise<TokenAnswer>;
  readonly holderOf: AccessTokens["holderOf"];
}

export interface CredentialsOptions {
  readonly clock: Clock;
  readonly projectId: string;
  readonly tokenUri: () => string;
}

export function createCredentials({ clock, projectId, tokenUri }: CredentialsOptions): Credentials {
  const keys = new Map<string, IssuedKey>();
  const tokens = createAccessTokens(clock);

  async function issueKey(email: string): Promise<KeyFile> {
    const { privateKey } = await makeKeyPair("rsa", { modulusLength: 2048 });
    const id = randomBytes(20).toString("hex");
    keys.set(id, { id, email, createdAt: clock.now(), publicKey: createPublicKey(privateKey) });
    return {
      type: "service_account",
      project_id: projectId,
      private_key_id: id,
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      client_email: email,
      client_id: "100000000000000000001",
      auth_uri: "https://accounts.google.com/o/oauth2/auth",
      token_uri: tokenUri(),
      universe_domain: "googleapis.com",
    };
  }

  async function exchange(form: URLSearchParams): Promise<TokenAnswer> {
    if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") {
      return { error: "unsupported_grant_type", error_description: "Only the JWT bearer grant is offered." };
    }
    const key = await keyThatSigned(form.get("assertion") ?? "");
    if (key === undefined) return { error: "invalid_grant", error_description: "Invalid JWT Signature." };
    if (!hasScope(form.get("assertion") ?? "")) {
      return { error: "invalid_scope", error_description: "The assertion asks for no scope." };
    }
    return { access_token: tokens.issue(key), expires_in: TOKEN_LIFE_SECONDS, token_type: "Bearer" };
  }

  // Google's own Node library names no key in its assertions, so every key of the issuer is tried.
  async function keyThatSigned(assertion: string): Promise<IssuedKey | undefined> {
    const audience = [tokenUri(), GOOGLE_TOKEN_AUDIENCE];
    for (const key of candidates(assertion)) {
      if (await isSignedBy(assertion, key, { audience, currentDate: clock.now() })) return key;
    }
    return undefined;
  }

  function candidates(assertion: string): readonly IssuedKey[] {
    try {
      const { kid } = decodeProtectedHeader(assertion);
      const { iss } = decodeJwt(assertion);
      return [...keys.values()].filter((key) => key.email === iss && (kid === undefined || key.id === kid));
    } catch {
      return [];
    }
  }

  return {
    issueKey,
    exchange,
    keysOf: (email) => [...keys.values()].filter((key) => key.email === email),
    key: (id) => keys.get(id),
    revokeKey(id) {
      tokens.revokeAllOf(id);
      return keys.delete(id);
    },
    holderOf: tokens.holderOf,
  };
}

async function isSignedBy(
  assertion: string,
  key: IssuedKey,
  at: { audience: string[]; currentDate: Date },
): Promise<boolean> {
  try {
    await jwtVerify(assertion, key.publicKey, {
      ...at,
      algorithms: ["RS256"],
      issuer: key.email,
      requiredClaims: ["iat", "exp"],
      maxTokenAge: TOKEN_LIFE_SECONDS,
      clockTolerance: 30,
    });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

function hasScope(assertion: string): boolean {
  const { scope } = decodeJwt<{ scope?: unknown }>(assertion);
  return typeof scope === "string" && scope.trim() !== "";
}
