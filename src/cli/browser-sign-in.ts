import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import * as oidc from "openid-client";
import type { ServerInfo } from "#api";
import { assert, GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { asProviderFailure, discover, type SignIn, scopesOf, signInOf } from "./oidc.ts";
import type { Terminal } from "./terminal.ts";

export interface BrowserSignIn {
  readonly info: ServerInfo;
  readonly clientId: string;
  /** Stored: ask for a refresh token. Otherwise for a person who signs in now, whatever the browser remembers. */
  readonly isStored: boolean;
  readonly terminal: Terminal;
}

const freshS = limits.signInMsMax / 1000;

/**
 * Authorization code with PKCE and a loopback redirect (RFC 8252 section 7.3, RFC 7636). State ties the answer to this
 * command, the nonce ties the ID token to it, and the code is worth nothing without the verifier we keep.
 */
export async function signInInBrowser(request: BrowserSignIn): Promise<SignIn> {
  const { info, clientId, terminal } = request;
  const config = await discover(info, clientId);
  const secrets = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const landing = await openLanding(secrets.expectedState);
  try {
    const page = oidc.buildAuthorizationUrl(config, {
      redirect_uri: landing.redirectUri,
      scope: scopesOf(config, request.isStored),
      code_challenge: await oidc.calculatePKCECodeChallenge(secrets.pkceCodeVerifier),
      code_challenge_method: "S256",
      state: secrets.expectedState,
      nonce: secrets.expectedNonce,
      // A refresh token needs consent (OpenID Connect Core section 11); deciding needs a person who is there now.
      // max_age makes the provider say when that was (section 2, auth_time), which the server wants to know.
      ...(request.isStored ? { prompt: "consent" } : askForPerson(info)),
    });
    terminal.err(`Sign in with your browser:\n\n  ${page.href}\n`);
    terminal.openBrowser(page);
    const answer = await landing.answer;
    return signInOf(
      await asProviderFailure(info, () =>
        oidc.authorizationCodeGrant(config, answer, {
          ...secrets,
          idTokenExpected: true,
          ...(request.isStored ? {} : { maxAge: freshS }),
        }),
      ),
    );
  } finally {
    landing.close();
  }
}

function askForPerson({ signIn: { acrValues } }: ServerInfo): Record<string, string> {
  return {
    prompt: "login",
    max_age: `${freshS}`,
    ...(acrValues === undefined ? {} : { acr_values: acrValues.join(" ") }),
  };
}

interface Landing {
  readonly redirectUri: string;
  /** The redirect with our state, once. Rejects with `sign_in_failed` when nobody comes. */
  readonly answer: Promise<URL>;
  close(): void;
}

async function openLanding(state: string): Promise<Landing> {
  const arrival = Promise.withResolvers<URL>();
  // Whoever waits may have failed before; a late arrival is then nobody's.
  arrival.promise.catch(() => {});
  const server = createServer((request, response) => {
    const answer = landedWith(request, state);
    greet(response, answer !== undefined);
    if (answer !== undefined) arrival.resolve(answer);
  });
  const redirectUri = await listen(server);
  const timer = setTimeout(() => {
    const minutes = limits.signInMsMax / 60_000;
    const message = `Nobody signed in within ${minutes} minutes. Run the command again.`;
    arrival.reject(new GatehouseError("sign_in_failed", message));
  }, limits.signInMsMax);
  return {
    redirectUri,
    answer: arrival.promise,
    close: () => {
      clearTimeout(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A page elsewhere can make the browser knock here; without our state it is not the answer, and we go on waiting. */
function landedWith(request: IncomingMessage, state: string): URL | undefined {
  const base = `http://127.0.0.1:${request.socket.localPort}`;
  const target = request.url ?? "/";
  if (!URL.canParse(target, base)) return undefined;
  const url = new URL(target, base);
  const isOurs = request.method === "GET" && url.origin === base && url.pathname === "/callback";
  return isOurs && url.searchParams.get("state") === state ? url : undefined;
}

function greet(response: ServerResponse, isLanded: boolean): void {
  response.writeHead(isLanded ? 200 : 404, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": `default-src 'none'; style-src 'sha256-${styleDigest}'; frame-ancestors 'none'`,
    "x-content-type-options": "nosniff",
    // The code stands in this page's address.
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  response.end(isLanded ? landed : notOurs);
}

// What the pages of the control plane look like, in few words: nothing is fetched from anywhere.
const style =
  ":root{color-scheme:light dark}body{margin:0;padding:24px;font:14px/20px system-ui,sans-serif;" +
  "background:light-dark(#ffffff,#121518);color:light-dark(#14181c,#e9ecef)}" +
  "h1{margin:0 0 16px;padding-left:12px;border-left:2px solid;font-size:20px;line-height:28px}p{margin:0}";
const styleDigest = createHash("sha256").update(style).digest("base64");

const landed = page("You can close this window", "The command in your terminal goes on.");
const notOurs = page(
  "This page is of no sign-in that waits",
  "It belongs to somebody else's, or to one that is over. Start the command again.",
);

function page(title: string, sentence: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title} · Gatehouse</title><style>${style}</style></head><body><h1>${title}</h1><p>${sentence}</p></body></html>
`;
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      assert(typeof address === "object" && address !== null, "a TCP listener has a port");
      resolve(`http://127.0.0.1:${address.port}/callback`);
    });
  });
}
