import type { IntrospectionSettings, Network } from "#identity";
import { Secret } from "#lib/secret";
import { identityUnderTest } from "./identity-under-test.ts";

export type Claims = Record<string, unknown>;

export const endpoint = "https://login.example.com/introspect";
export const opaque = "AbCdEf0123456789-._~+/xyz==";

type Asked = Parameters<Network["fetch"]>[1];

/** The identity module whose issuer answers questions about tokens as the test says. */
export async function introspectionUnderTest(changes: Partial<IntrospectionSettings> = {}) {
  const parts = await identityUnderTest();
  const { issuer, clock } = parts;
  const nowS = (): number => Math.floor(clock.now().getTime() / 1000);
  const asked: { url: string; request: Asked }[] = [];
  const honest = (): Claims => ({
    active: true,
    sub: "sub-of-developer@example.com",
    client_id: "gatehouse-agent",
    exp: nowS() + 3600,
    groups: ["engineering"],
  });
  const answering = {
    claims: {} as Claims,
    /** The token asked about is there for answers that differ. */
    respond: async (_token: string): Promise<Response> => Response.json({ ...honest(), ...answering.claims }),
  };
  const introspection: IntrospectionSettings = {
    endpoint,
    clientId: "gatehouse:asks",
    clientSecret: () => new Secret("s3cr3t+/="),
    scope: undefined,
    opaqueTokens: true,
    jwts: false,
    ...changes,
  };
  const identity = await parts.restart({
    issuers: [{ ...issuer.settings, introspection }],
    networkOf: () => ({
      ...issuer.network,
      fetch: async (url, request) => {
        asked.push({ url, request });
        return answering.respond(new URLSearchParams(String(request.body)).get("token") ?? "");
      },
    }),
  });
  const ask = async (token: string): Promise<string> => {
    const answer = await identity.authenticator.authenticate(token);
    return answer.kind === "refused" ? answer.code : answer.caller.proof;
  };
  return { ...parts, identity, answering, asked, ask, nowS };
}
