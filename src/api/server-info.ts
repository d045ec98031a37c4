import { z } from "zod";

/** `GET /.well-known/gatehouse`: all a helper needs to find its way in. Nothing in it is secret. */
export const serverInfo = z.object({
  product: z.literal("gatehouse"),
  version: z.string(),
  controlUrl: z.url(),
  /** Where CONNECT goes, `http://host:port`. */
  proxyUrl: z.url(),
  /** `<api>.<domain>` stands for `<api>.googleapis.com`; absent where the gateway has no domain of its own. */
  universe: z
    .object({ domain: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/), port: z.int().min(1).max(65_535) })
    .optional(),
  /** PEM of the authority that signs the intercepted leaves. */
  caCertificatePem: z.string(),
  signIn: z.object({
    /** The OpenID Connect provider that commands sign in at by themselves; absent where there are only SAML providers. */
    issuer: z.url().optional(),
    /** Public client whose tokens open agent sessions and may be stored. */
    agentClientId: z.string().optional(),
    /** Public client whose tokens carry approver and auditor acts; never stored, must be fresh. */
    consoleClientId: z.string().optional(),
    /** What the console client asks for as `acr_values`, where the server wants more than any sign-in (RFC 9470). */
    acrValues: z.array(z.string()).optional(),
    /** The development identity provider signs people in without proof. */
    isDevelopment: z.boolean(),
  }),
  /** Origin of the audit log and its verifier key (signed-note format). */
  log: z.object({ origin: z.string(), verifierKey: z.string() }),
});
export type ServerInfo = z.infer<typeof serverInfo>;
