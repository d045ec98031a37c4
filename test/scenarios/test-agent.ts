import { ProxyAgent, request } from "undici";
import { z } from "zod";
import { serverInfo, tokenAnswer } from "#api";

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** An agent with a gateway token, speaking to Google the way clients do: CONNECT, TLS, bearer. */
export interface AgentOf {
  readonly token: string;
  readonly refreshToken: string;
  readonly sessionId: string;
  call(
    method: string,
    url: string,
    body?: string | Uint8Array,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  close(): Promise<void>;
}

export type Client = "gatehouse-agent" | "gatehouse-console";

/** Signs a person in at the development identity provider and opens a session for their agent. */
export async function agentOf(controlUrl: string, person: string): Promise<AgentOf> {
  const info = serverInfo.parse(await (await fetch(`${controlUrl}/.well-known/gatehouse`)).json());
  const exchanged = await exchange(controlUrl, await identityToken(controlUrl, person, "gatehouse-agent"));
  return { ...exchanged, ...proxied(info.proxyUrl, info.caCertificatePem, exchanged.token) };
}

/** An agent that has its gateway token already. */
export async function agentWith(controlUrl: string, token: string): Promise<Pick<AgentOf, "call" | "close">> {
  const info = serverInfo.parse(await (await fetch(`${controlUrl}/.well-known/gatehouse`)).json());
  return proxied(info.proxyUrl, info.caCertificatePem, token);
}

/** An ID token of the development identity provider the server believes. */
export async function identityToken(controlUrl: string, person: string, client: Client): Promise<string> {
  const info = serverInfo.parse(await (await fetch(`${controlUrl}/.well-known/gatehouse`)).json());
  return signIn(info.signIn.issuer ?? "", person, client);
}

async function signIn(issuer: string, person: string, client: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:gatehouse:params:oauth:grant-type:development",
      client_id: client,
      person,
      scope: "openid email profile groups",
    }),
  });
  return z.object({ id_token: z.string() }).parse(await answer.json()).id_token;
}

async function exchange(controlUrl: string, identityToken: string) {
  const answer = await fetch(`${controlUrl}/v1/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: identityToken,
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      agent: "test-agent",
    }),
  });
  const {
    access_token: token,
    refresh_token: refreshToken = "",
    session_id: sessionId,
  } = tokenAnswer.parse(await answer.json());
  return { token, refreshToken, sessionId };
}

function proxied(proxyUrl: string, ca: string, token: string): Pick<AgentOf, "call" | "close"> {
  const dispatcher = new ProxyAgent({ uri: proxyUrl, token: `Bearer ${token}`, requestTls: { ca } });
  return {
    close: () => dispatcher.close(),
    call: async (method, url, body, headers = {}) => {
      const answer = await request(url, {
        method,
        dispatcher,
        headers: { authorization: `Bearer ${token}`, ...headers },
        ...(body === undefined ? {} : { body: Buffer.from(body) }),
      });
      return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
    },
  };
}
