import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { portOf } from "./port.ts";

type Claims = Record<string, unknown>;
/** What is asked of a provider. */
export type Document = "discovery" | "keys" | "introspection" | "token";
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Each thing an identity provider can do wrong, by name. The documents it does not touch stay honest. */
export const evilBehaviours = [
  "hangs up at once",
  "never answers",
  "hangs after the headers",
  "drips a byte at a time",
  "sends without end",
  "redirects for ever",
  "redirects to a metadata server",
  "sends a compressed bomb",
  "answers 500",
  "answers with a page",
  "answers with half a document",
  "answers with text that is not UTF-8",
  "answers with a list nested 30,000 deep",
] as const;
export type EvilBehaviour = (typeof evilBehaviours)[number];

/** Things to be wrong inside of documents that are well-formed. */
export const evilContents = [
  "discovery names another issuer",
  "discovery names the issuer with a slash",
  "discovery names no keys",
  "discovery names keys on a metadata server",
  "discovery names keys in a file",
  "a hundred and one keys",
  "a hundred thousand keys",
  "no keys",
  "a private key among the keys",
  "a symmetric key among the keys",
  "two keys of one name",
  "only keys that are too weak",
] as const;
export type EvilContent = (typeof evilContents)[number];

/** An identity provider with one switch for each thing that can be wrong with one. */
export interface EvilProvider {
  readonly issuer: string;
  /** How it answers when asked for this document; honest without. */
  misbehaviour: { readonly document: Document; readonly how: EvilBehaviour } | undefined;
  content: EvilContent | undefined;
  /** What its discovery document names as token endpoint; its own without. */
  tokenEndpoint: string | undefined;
  /** Each request as it came, headers and body, by document. */
  readonly heard: { readonly document: Document | "redirect"; readonly text: string }[];
  /** Bytes handed to sockets. */
  readonly sent: { bytes: number };
  /** Requests by document, and for paths that only a redirect leads to. */
  readonly asked: Record<Document | "redirect", number>;
  /** Signed by its own, current key: what it says is true, as far as a signature goes. */
  idToken(claims?: Claims): Promise<string>;
  /** Another key from now on, under another name. */
  rotateKeys(): Promise<void>;
  close(): Promise<void>;
}

interface SigningKey {
  readonly jwk: JWK;
  readonly privateJwk: JWK;
  readonly privateKey: Parameters<SignJWT["sign"]>[0];
}

export async function startEvilProvider(): Promise<EvilProvider> {
  let key = await newKey("evil-1");
  let keyCount = 1;
  const sent = { bytes: 0 };
  const asked = { discovery: 0, keys: 0, introspection: 0, token: 0, redirect: 0 };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://evil.invalid");
    const document = documents[pathname] ?? "redirect";
    asked[document] += 1;
    listen(request, (text) => evil.heard.push({ document, text }));
    const { misbehaviour } = evil;
    const isTouched = misbehaviour?.document === document || document === "redirect";
    if (misbehaviour !== undefined && isTouched)
      misbehave[misbehaviour.how](request, counting(response, sent));
    else sendJson(response, honest(document));
  });
  server.on("clientError", (_error, socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  function honest(document: Document | "redirect"): unknown {
    switch (document) {
      case "discovery":
        return {
          ...discoveryOf(evil.issuer, evil.content),
          ...(evil.tokenEndpoint === undefined ? {} : { token_endpoint: evil.tokenEndpoint }),
        };
      case "keys":
        return { keys: keysOf(key, evil.content) };
      case "introspection":
        return {
          active: true,
          sub: "developer",
          client_id: "gatehouse-agent",
          exp: Math.floor(Date.now() / 1000) + 300,
          groups: ["engineering"],
        };
      case "token":
      case "redirect":
        return { error: "invalid_grant" };
    }
  }

  const evil: EvilProvider = {
    issuer: `http://127.0.0.1:${portOf(server)}`,
    misbehaviour: undefined,
    content: undefined,
    tokenEndpoint: undefined,
    heard: [],
    sent,
    asked,
    idToken: (claims = {}) =>
      new SignJWT({ sub: "developer", aud: "gatehouse-agent", groups: ["engineering"], ...claims })
        .setProtectedHeader({ alg: "ES256", kid: key.jwk.kid ?? "" })
        .setIssuer(evil.issuer)
        .setIssuedAt()
        .setExpirationTime("5m")
        .sign(key.privateKey),
    rotateKeys: async () => {
      keyCount += 1;
      key = await newKey(`evil-${keyCount}`);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return evil;
}

const documents: Readonly<Record<string, Document>> = {
  "/.well-known/openid-configuration": "discovery",
  "/jwks": "keys",
  "/introspect": "introspection",
  "/token": "token",
};

function listen(request: IncomingMessage, heard: (text: string) => void): void {
  let body = "";
  request.setEncoding("utf8").on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => heard(`${request.rawHeaders.join("\n")}\n${body}`));
}

const json = { "content-type": "application/json" };

function sendJson(response: ServerResponse, body: unknown): void {
  response.writeHead(200, json).end(JSON.stringify(body));
}

/** The length is known, so that half of it is a broken connection and not an end. */
const promised = { ...json, "content-length": "1000" };

const misbehave: Readonly<Record<EvilBehaviour, Answer>> = {
  "hangs up at once": (request) => request.socket.destroy(),
  "never answers": () => undefined,
  "hangs after the headers": (_request, response) => {
    response.writeHead(200, promised).flushHeaders();
  },
  "drips a byte at a time": (_request, response) => {
    response.writeHead(200, json);
    const drip = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(drip));
  },
  "sends without end": (_request, response) => {
    response.writeHead(200, json);
    const pour = (): void => {
      while (!response.destroyed && response.write(`{"keys":[${" ".repeat(65_536)}`));
    };
    response.on("drain", pour).on("error", () => undefined);
    pour();
  },
  "redirects for ever": (request, response) => {
    const turn = Number(new URL(request.url ?? "/", "http://evil.invalid").searchParams.get("turn") ?? 0);
    response.writeHead(302, { location: `/round?turn=${turn + 1}` }).end();
  },
  "redirects to a metadata server": (_request, response) => {
    response.writeHead(307, { location: "http://169.254.169.254/computeMetadata/v1/" }).end();
  },
  "sends a compressed bomb": (_request, response) => {
    response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(bomb());
  },
  "answers 500": (_request, response) => void response.writeHead(500, json).end("{}"),
  "answers with a page": (_request, response) =>
    void response.writeHead(200, { "content-type": "text/html" }).end("<html>sign in first</html>"),
  "answers with half a document": (_request, response) => {
    response.writeHead(200, promised).write('{"issuer":');
    setImmediate(() => response.destroy());
  },
  "answers with text that is not UTF-8": (_request, response) =>
    void response.writeHead(200, json).end(Buffer.from('{"keys":[],"issuer":"\xff\xfe"}', "latin1")),
  "answers with a list nested 30,000 deep": (_request, response) =>
    void response.writeHead(200, json).end("[".repeat(30_000) + "]".repeat(30_000)),
};

/** 64 MiB of spaces in 64 KiB. */
let packed: Buffer | undefined;
function bomb(): Buffer {
  packed ??= gzipSync(Buffer.alloc(64 * 1024 * 1024, " "));
  return packed;
}

/** Counts what is written, so that a test can tell whether the reader stopped. */
function counting(response: ServerResponse, sent: { bytes: number }): ServerResponse {
  const write = response.write.bind(response);
  response.write = (chunk: unknown): boolean => {
    const text = String(chunk);
    sent.bytes += text.length;
    return write(text);
  };
  return response;
}

function discoveryOf(issuer: string, content: EvilContent | undefined): Claims {
  const honest = {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
  };
  const { jwks_uri: _keys, ...withoutKeys } = honest;
  const changed: Partial<Record<EvilContent, Claims>> = {
    "discovery names another issuer": { ...honest, issuer: "https://accounts.google.com" },
    "discovery names the issuer with a slash": { ...honest, issuer: `${issuer}/` },
    "discovery names no keys": withoutKeys,
    "discovery names keys on a metadata server": { ...honest, jwks_uri: "http://169.254.169.254/jwks" },
    "discovery names keys in a file": { ...honest, jwks_uri: "file:///etc/passwd" },
  };
  return (content && changed[content]) ?? honest;
}

function keysOf({ jwk, privateJwk }: SigningKey, content: EvilContent | undefined): readonly unknown[] {
  const others = (count: number): readonly JWK[] =>
    Array.from({ length: count }, (_, index) => ({ ...jwk, kid: `other-${index}` }));
  const changed: Partial<Record<EvilContent, () => readonly unknown[]>> = {
    "a hundred and one keys": () => [jwk, ...others(100)],
    "a hundred thousand keys": () => [jwk, ...others(99_999)],
    "no keys": () => [],
    "a private key among the keys": () => [privateJwk, ...others(1)],
    "a symmetric key among the keys": () => [jwk, { kty: "oct", k: "c2VjcmV0", kid: "symmetric" }],
    "two keys of one name": () => [jwk, jwk],
    "only keys that are too weak": () => [{ kty: "RSA", n: "AQAB", e: "AQ", kid: jwk.kid }],
  };
  return (content && changed[content]?.()) ?? [jwk];
}

async function newKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid },
    privateJwk: { ...(await exportJWK(privateKey)), kid },
    privateKey,
  };
}
