import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import Provider from "oidc-provider";
import type { WebClient, WebSecret } from "./clients.ts";
import { configurationFor } from "./configuration.ts";
import { addDevelopmentGrant } from "./development-grant.ts";
import { type Page, problemPage, signInPage } from "./pages.ts";
import { defaultPeople, type Person, subjectOf } from "./people.ts";
import { ProviderState } from "./provider-state.ts";

const FORM_BYTES_MAX = 4 * 1024;

export interface IdentityProviderOptions {
  /** A loopback address. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port?: number;
  readonly people?: readonly Person[];
  /** Exact redirect addresses of `gatehouse-web`. */
  readonly webRedirectUris: readonly string[];
  /** Where `gatehouse-web` may have the browser sent after signing out. */
  readonly webSignedOutUris?: readonly string[];
  /** Where `gatehouse-web` is told that somebody signed out. */
  readonly webBackChannelUri?: string;
  /** Makes `gatehouse-web` a confidential client. */
  readonly webSecret?: WebSecret;
  /** Keeps signing keys and stored logins across restarts; private to its owner. Without it they end with the process. */
  readonly stateFile?: string;
}

export interface IdentityProvider {
  readonly issuer: string;
  readonly port: number;
  readonly people: readonly Person[];
  /** What whoever starts this must print. */
  readonly warning: string;
  /** A new key signs from now on. The one before stays published until the next rotation, then is gone. */
  rotateKeys(): Promise<void>;
  close(): Promise<void>;
}

interface Parts {
  readonly issuer: string;
  readonly state: ProviderState;
  readonly people: readonly Person[];
  readonly web: WebClient;
}

/** Starts the development identity provider. Throws if the host is not loopback or the port is taken. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { host = "127.0.0.1", port = 0, people = defaultPeople, stateFile } = options;
  if (host !== "127.0.0.1" && host !== "::1") {
    throw new Error(
      `The development identity provider asks for no proof, so it listens on loopback only, not on ${host}.`,
    );
  }
  const state = await ProviderState.open(stateFile);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, host, resolve);
  });
  const listening = server.address();
  if (listening === null || typeof listening === "string") throw new Error("not listening on a port");
  const issuer = `http://${host === "::1" ? "[::1]" : host}:${listening.port}`;
  const { webRedirectUris, webSignedOutUris = [], webBackChannelUri, webSecret } = options;
  const parts: Parts = {
    issuer,
    state,
    people,
    web: { webRedirectUris, webSignedOutUris, webBackChannelUri, webSecret },
  };
  let provider = createProvider(parts);
  server.on("request", (request, response) => void serve(provider, parts, request, response));

  return {
    issuer,
    port: listening.port,
    people,
    warning:
      `The development identity provider at ${issuer} signs anybody on this machine in as anybody, without proof. ` +
      "It is for the quick start and tests only.",
    async rotateKeys() {
      await state.rotateKeys();
      // oidc-provider takes its keys once, so a new one takes over; everything else lives in `state`.
      provider = createProvider(parts);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createProvider({ issuer, state, people, web }: Parts): Provider {
  const provider = new Provider(issuer, configurationFor(state, people, web));
  addDevelopmentGrant(provider, people);
  // oidc-provider lets every web page read discovery and keys; no page has a reason to.
  provider.use(async (ctx, next) => {
    await next();
    ctx.remove("Access-Control-Allow-Origin");
  });
  return provider;
}

async function serve(
  provider: Provider,
  parts: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A page that rebinds its own name to this address would otherwise read our answers, tokens included.
  if (request.headers.host !== new URL(parts.issuer).host) {
    send(response, 421, problemPage("This address is served under its own name only."));
    return;
  }
  if (!/^\/interaction\/[\w-]+$/.test(request.url ?? "")) {
    await provider.callback()(request, response);
    return;
  }
  try {
    await signIn(provider, parts.people, request, response);
  } catch {
    // Expired, already answered, or begun in another browser: the cookie does not fit the address.
    send(
      response,
      400,
      problemPage("This sign-in has expired. Go back to where you came from and begin again."),
    );
  }
}

async function signIn(
  provider: Provider,
  people: readonly Person[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params, prompt } = await provider.interactionDetails(request, response);
  if (request.method === "POST") {
    const asked = (await readForm(request)).get("person");
    const person = people.find(({ email }) => email === asked);
    if (person === undefined) {
      send(response, 400, problemPage("There is no such person here."));
      return;
    }
    await provider.interactionFinished(request, response, {
      login: { accountId: subjectOf(person), remember: false },
      consent: {},
    });
    return;
  }
  if (prompt.name === "consent") {
    await provider.interactionFinished(request, response, { consent: {} });
    return;
  }
  const redirect = new URL(String(params["redirect_uri"]));
  // CSP's grammar has no IPv6 addresses (CSP3 section 2.3.1).
  const next = redirect.hostname.startsWith("[") ? redirect.protocol : redirect.origin;
  send(response, 200, signInPage(people, String(params["client_id"]), next));
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > FORM_BYTES_MAX) throw new Error("the form is too long");
  }
  return new URLSearchParams(text);
}

function send(response: ServerResponse, status: number, { html, headers }: Page): void {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(html) }).end(html);
}
