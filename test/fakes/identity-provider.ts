import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { portOf } from "./port.ts";

interface Attempt {
  readonly clientId: string;
  readonly nonce: string;
  readonly challenge: string;
}

/** An identity provider that signs in whoever comes, as developer@example.com. */
export interface FakeIdentityProvider {
  readonly issuer: string;
  readonly grants: URLSearchParams[];
  readonly authorizations: URLSearchParams[];
  /** Seconds that ID tokens live. */
  idTokenLifeS: number;
  /** Replaces the nonce of the next ID tokens, as an attacker would who injects a token of another sign-in. */
  wrongNonce: boolean;
  /** Ends every sign-in: refresh tokens are invalid from now on. */
  isOver: boolean;
  idToken(claims: Record<string, unknown>): Promise<string>;
  close(): Promise<void>;
}

export async function startFakeIdentityProvider(): Promise<FakeIdentityProvider> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const attempts = new Map<string, Attempt>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", provider.issuer);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (url.pathname === "/auth") {
        response.writeHead(303, { location: authorize(url.searchParams) }).end();
        return;
      }
      void answer(url.pathname, Buffer.concat(chunks).toString()).then(({ status, body }) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  async function answer(path: string, text: string): Promise<{ status: number; body: object }> {
    if (path === "/.well-known/openid-configuration")
      return { status: 200, body: discovery(provider.issuer) };
    if (path === "/jwks") {
      return { status: 200, body: { keys: [{ ...(await exportJWK(publicKey)), kid: "fake" }] } };
    }
    const form = new URLSearchParams(text);
    provider.grants.push(form);
    const attempt = attempts.get(form.get("code") ?? "");
    const refused = refusalOf(form, attempt, provider.isOver);
    if (refused !== undefined) return { status: 400, body: { error: refused } };
    return { status: 200, body: await answerToken(form, attempt) };
  }

  function authorize(query: URLSearchParams): string {
    provider.authorizations.push(query);
    const code = `code-${attempts.size}`;
    attempts.set(code, attemptOf(query));
    const back = new URL(query.get("redirect_uri") ?? "");
    back.searchParams.set("code", code);
    back.searchParams.set("state", query.get("state") ?? "");
    return back.href;
  }

  async function answerToken(form: URLSearchParams, attempt: Attempt | undefined): Promise<object> {
    const email = form.get("person") ?? "developer@example.com";
    const nonce = attempt === undefined ? {} : { nonce: provider.wrongNonce ? "another" : attempt.nonce };
    const claims = { aud: form.get("client_id") ?? "", email, sub: `sub-of-${email}`, ...nonce };
    return {
      access_token: "provider-access-token",
      token_type: "Bearer",
      expires_in: 300,
      id_token: await provider.idToken({ auth_time: Math.floor(Date.now() / 1000), ...claims }),
      ...(form.get("client_id") === "gatehouse-agent"
        ? { refresh_token: `rt-${provider.grants.length}` }
        : {}),
    };
  }

  const provider: FakeIdentityProvider = {
    issuer: `http://127.0.0.1:${portOf(server)}`,
    grants: [],
    authorizations: [],
    idTokenLifeS: 300,
    wrongNonce: false,
    isOver: false,
    idToken: (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid: "fake" })
        .setIssuer(provider.issuer)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + provider.idTokenLifeS)
        .sign(privateKey),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

function discovery(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
    scopes_supported: ["openid", "email", "groups", "offline_access"],
    code_challenge_methods_supported: ["S256"],
  };
}

function attemptOf(query: URLSearchParams): Attempt {
  return {
    clientId: query.get("client_id") ?? "",
    nonce: query.get("nonce") ?? "",
    challenge: query.get("code_challenge") ?? "",
  };
}

function refusalOf(form: URLSearchParams, attempt: Attempt | undefined, isOver: boolean): string | undefined {
  switch (form.get("grant_type") ?? "") {
    case "authorization_code": {
      const verifier = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      return attempt?.challenge === verifier ? undefined : "invalid_grant";
    }
    case "refresh_token":
      return isOver ? "invalid_grant" : undefined;
    case "urn:gatehouse:params:oauth:grant-type:development":
      return form.get("person")?.endsWith("@example.com") === true ? undefined : "invalid_grant";
    default:
      return "unsupported_grant_type";
  }
}
