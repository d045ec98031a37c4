import { z } from "zod";
import { isLoopbackHost } from "#lib/loopback";
import { tls } from "./listener.ts";

/** Names of the gateway's own, each label lower case. One label could be a top-level domain, which is nobody's own. */
const domainName =
  /^(?=.{3,200}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/;

/** A gateway that called itself Google would be trusted with Google's own tokens. */
const isGoogles = (domain: string): boolean => /(^|\.)(googleapis\.com|google\.com|goog)$/.test(domain);

/**
 * Where `<api>.<domain>` stands for `<api>.googleapis.com`. Tokens pass it: over TLS, or, behind a load balancer that
 * ends TLS on this machine, not further than this machine.
 */
export const universe = z
  .strictObject({
    domain: z
      .string()
      .regex(domainName, "must be a domain in lower case, such as gw.example.com")
      .refine((domain) => !isGoogles(domain), { error: "must be a domain of your own" })
      .describe("`<api>.<domain>` stands for `<api>.googleapis.com`"),
    host: z.string().default("127.0.0.1"),
    port: z.int().min(0).max(65_535).default(8443),
    tls: tls.optional(),
    tls_ends_in_front: z
      .boolean()
      .default(false)
      .describe("plain HTTP on loopback: a load balancer on this machine ends TLS and passes Host on"),
    public_port: z
      .int()
      .min(1)
      .max(65_535)
      .default(443)
      .describe("the port that clients use; Google's own clients know 443 only"),
  })
  .refine(({ tls: own, tls_ends_in_front }) => (own !== undefined) !== tls_ends_in_front, {
    error: "needs either tls, with a certificate for *.<domain>, or tls_ends_in_front",
    path: ["tls"],
  })
  .refine(({ host, tls_ends_in_front }) => !tls_ends_in_front || isLoopbackHost(host), {
    error: "only loopback addresses are served without TLS",
    path: ["host"],
  });

export type UniverseConfiguration = z.infer<typeof universe>;
