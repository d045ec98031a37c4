import { type IncomingHttpHeaders, request } from "node:http";
import { importPKCS8, SignJWT } from "jose";
import type { KeyFile, PracticeCloud } from "#practice/cloud";

/** A clock that stands still until told. */
export class SteppedClock {
  #now = new Date("2026-11-24T12:00:00.000Z");

  now(): Date {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now = new Date(this.#now.getTime() + ms);
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The body as JSON, read loosely: tests say what they expect. */
  readonly json: () => unknown;
}

export interface Ask {
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string | object;
}

/** One request to a Google host, sent to the practice cloud with that Host, as a gateway would. */
export function ask(
  cloud: PracticeCloud,
  line: string,
  { token, headers = {}, body }: Ask = {},
): Promise<Reply> {
  const [method = "", address = ""] = line.split(" ");
  const { host, pathname, search } = new URL(address.includes("://") ? address : `https://${address}`);
  const isRaw = body === undefined || typeof body === "string" || Buffer.isBuffer(body);
  const bytes = isRaw ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: cloud.port,
        method,
        path: `${pathname}${search}`,
        headers: {
          host,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(isRaw ? {} : { "content-type": "application/json" }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const all = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            bytes: all,
            json: () => JSON.parse(all.toString("utf8")) as unknown,
          });
        });
      },
    );
    sent.on("error", reject);
    sent.end(bytes);
  });
}

export interface Assertion {
  readonly issuer?: string;
  readonly audience?: string;
  readonly scope?: string;
  readonly issuedAt?: Date;
}

/** The assertion a Google library signs with a key file. */
export async function assertionOf(key: KeyFile, now: Date, changes: Assertion = {}): Promise<string> {
  const { issuer = key.client_email, audience = key.token_uri, issuedAt = now } = changes;
  const { scope = "https://www.googleapis.com/auth/cloud-platform" } = changes;
  const seconds = Math.floor(issuedAt.getTime() / 1000);
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 3_600)
    .sign(await importPKCS8(key.private_key, "RS256"));
}

export function exchange(cloud: PracticeCloud, assertion: string): Promise<Reply> {
  const form = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion,
  });
  return ask(cloud, "POST oauth2.googleapis.com/token", {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  });
}

export async function accessTokenFor(cloud: PracticeCloud, key: KeyFile, now: Date): Promise<string> {
  const reply = (await exchange(cloud, await assertionOf(key, now))).json() as { access_token: string };
  return reply.access_token;
}
