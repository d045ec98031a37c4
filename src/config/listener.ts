import { z } from "zod";
import { isLoopbackHost } from "#lib/loopback";
import { isOrigin } from "./web-address.ts";

export const tls = z
  .strictObject({
    certificate: z.string().min(1).describe("PEM file, own certificate first; read again when it changes"),
    key: z.string().min(1).describe("PEM file of its private key"),
  })
  .describe("serves https with this certificate");

const address = (port: number) => ({
  host: z.string().default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(port),
});

const loopbackOnly = "only loopback addresses are served without TLS; put Gatehouse on 127.0.0.1";

/** What has no TLS of its own, and is served to this machine alone. */
export const plainListener = (port: number) =>
  z
    .strictObject(address(port))
    .refine(({ host }) => isLoopbackHost(host), { error: loopbackOnly, path: ["host"] });

/** Where a plane listens. Tokens and sign-ins pass it: over TLS, or not further than this machine. */
export const listener = (port: number) =>
  z
    .strictObject({
      ...address(port),
      tls: tls.optional(),
      url: z
        .url()
        .refine((text) => new URL(text).protocol === "https:" && isOrigin(text), {
          error: "must be https://host[:port]",
        })
        .optional()
        .describe("the address by which others reach it, where that differs from host and port"),
    })
    .refine(({ host, tls: own }) => own !== undefined || isLoopbackHost(host), {
      error: `${loopbackOnly}, or give it tls`,
      path: ["host"],
    })
    .refine(({ host, url }) => url !== undefined || !isUnspecified(host), {
      error: "is needed where host is every address: nobody can be told to connect to that",
      path: ["url"],
    })
    .prefault({});

const isUnspecified = (host: string): boolean => host === "0.0.0.0" || host === "::" || host === "[::]";

export type ListenerConfiguration = z.infer<ReturnType<typeof listener>>;

/** How others reach it: as configured, or as it listens. Without a slash at the end. */
export function urlOfListener({ host, port, tls: own, url }: ListenerConfiguration): string {
  if (url !== undefined) return new URL(url).origin;
  return `${own === undefined ? "http" : "https"}://${host.includes(":") ? `[${host.replace(/^\[|\]$/g, "")}]` : host}:${port}`;
}
