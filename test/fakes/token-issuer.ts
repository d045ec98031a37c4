import { createHash } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { z } from "zod";
import { type IssuerSettings, type Network, standardClaims } from "#identity";
import type { Clock } from "#lib/clock";

type Claims = Record<string, unknown>;

interface SigningKey {
  readonly kid: string;
  readonly jwk: JWK;
  readonly privateKey: Parameters<SignJWT["sign"]>[0];
}

/** A person the provider knows. */
export interface FakePerson {
  readonly email: string;
  readonly groups: readonly string[];
}

export const developer: FakePerson = { email: "developer@example.com", groups: ["engineering"] };
export const approver: FakePerson = { email: "approver@example.com", groups: ["sre"] };
export const auditor: FakePerson = { email: "auditor@example.com", groups: ["audit"] };
export const operator: FakePerson = { email: "operator@example.com", groups: ["platform"] };
export const outsider: FakePerson = { email: "outsider@example.com", groups: [] };

export const roleGroups = {
  "agent-user": ["engineering"],
  approver: ["sre"],
  auditor: ["audit"],
  "policy-admin": ["platform"],
};

/** An identity provider without a socket: honest unless a test turns one of its switches. */
export interface TokenIssuer {
  readonly settings: IssuerSettings;
  readonly network: Network;
  /** Addresses that were fetched, in order. */
  readonly fetched: string[];
  /** All that came by the way of the browser sign-in, in order. */
  readonly received: { readonly url: string; readonly headers: Headers; readonly form: URLSearchParams }[];
  isDown: boolean;
  /** Replace what honest documents would say. */
  discovery: Claims;
  jwks: unknown;
  /** Members of the next authorization code's ID token. */
  codeClaims: Claims;
  /** What the token endpoint says instead of redeeming a code. */
  tokenAnswer: (() => Response) | undefined;
  rotateKeys(): Promise<void>;
  /** ID token of a client for a person who is there now; members set to `undefined` are left out. */
  idToken(
    client: "agent" | "console" | "web",
    person: FakePerson,
    claims?: Claims,
    header?: Claims,
  ): Promise<string>;
  /** A person signs in at the authorization address: the address the browser is sent back to. */
  signIn(location: URL, person: FakePerson): URL;
}

export async function startTokenIssuer(
  clock: Clock,
  issuer = "https://login.example.com",
): Promise<TokenIssuer> {
  let keys = [await newKey()];
  const codes = new Map<string, { readonly query: URLSearchParams; readonly person: FakePerson }>();
  const clients = { agent: "gatehouse-agent", console: "gatehouse-console", web: "gatehouse-web" } as const;
  const nowS = (): number => Math.floor(clock.now().getTime() / 1000);

  const json = (url: string): unknown => {
    fake.fetched.push(url);
    if (fake.isDown) throw new Error("connection refused");
    if (url.endsWith("/.well-known/openid-configuration"))
      return { ...documentOf(issuer), ...fake.discovery };
    if (url === `${issuer}/jwks`) return fake.jwks ?? { keys: keys.map(({ jwk }) => jwk) };
    throw new Error(`404 ${url}`);
  };

  const redeem = async (form: URLSearchParams): Promise<Response> => {
    const attempt = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (attempt === undefined || attempt.query.get("code_challenge") !== challenge) {
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    const nonce = attempt.query.get("nonce");
    const claims = { nonce, ...fake.codeClaims };
    const id_token = await fake.idToken("web", attempt.person, claims);
    return Response.json({ access_token: "provider-token", token_type: "Bearer", expires_in: 60, id_token });
  };

  const answer: Network["fetch"] = async (url, { method, headers, body }) => {
    const form = new URLSearchParams(body instanceof URLSearchParams ? body : undefined);
    fake.received.push({ url, headers: new Headers(headers), form });
    if (method !== "POST") return Response.json(json(url));
    if (fake.isDown) throw new Error("connection refused");
    return fake.tokenAnswer?.() ?? redeem(form);
  };

  const fake: TokenIssuer = {
    settings: {
      id: "oidc",
      issuer,
      clients,
      algorithms: ["ES256"],
      keySource: { kind: "discovery" },
      introspection: undefined,
      webClientSecret: undefined,
      stepUpAcr: undefined,
      audiences: [],
      claims: standardClaims,
      trust: { groups: undefined, emailDomains: undefined },
    },
    network: {
      fetchJson: async (url) => json(url.href),
      fetch: answer,
    },
    fetched: [],
    received: [],
    isDown: false,
    discovery: {},
    jwks: undefined,
    codeClaims: {},
    tokenAnswer: undefined,
    rotateKeys: async () => {
      keys = [await newKey()];
    },
    idToken: async (client, person, claims = {}, header = {}) => {
      const [key] = keys;
      if (key === undefined) throw new Error("no key");
      const payload = { ...claimsOf(person, { issuer, audience: clients[client], nowS: nowS() }), ...claims };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: "ES256", kid: key.kid, ...header })
        .sign(key.privateKey);
    },
    signIn: (location, person) => {
      const code = `code-${codes.size}-${createHash("sha256").update(location.href).digest("hex")}`;
      codes.set(code, { query: location.searchParams, person });
      const back = new URL(location.searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("code", code);
      back.searchParams.set("state", location.searchParams.get("state") ?? "");
      back.searchParams.set("iss", issuer);
      return back;
    },
  };
  return fake;
}

const jsonObject = z.record(z.string(), z.unknown());

/** Header or claims of a token, unverified. */
export function readPart(token: string, which: "header" | "claims"): Record<string, unknown> {
  const part = token.split(".")[which === "header" ? 0 : 1] ?? "";
  return jsonObject.parse(JSON.parse(Buffer.from(part, "base64url").toString()));
}

async function newKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, jwk: { ...jwk, kid, use: "sig", alg: "ES256" }, privateKey };
}

function claimsOf(
  person: FakePerson,
  { issuer, audience, nowS }: { issuer: string; audience: string; nowS: number },
): Claims {
  return {
    iss: issuer,
    aud: audience,
    sub: `sub-of-${person.email}`,
    iat: nowS,
    exp: nowS + 3600,
    auth_time: nowS,
    email: person.email,
    email_verified: true,
    groups: [...person.groups],
  };
}

function documentOf(issuer: string): Claims {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
  };
}
