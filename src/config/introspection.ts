import { z } from "zod";
import { secretReference } from "./secret-reference.ts";
import { webUrl } from "./web-address.ts";

/** Asking an issuer about a token (RFC 7662), where it cannot be read here or could have been revoked. */
export const introspection = z
  .strictObject({
    endpoint: webUrl.describe("where the issuer answers questions about its tokens"),
    client_id: z.string().min(1).describe("confidential client that may ask; not one of the three others"),
    client_secret: secretReference,
    scope: z
      .string()
      .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, "must be one scope, as RFC 6749 writes them")
      .optional()
      .describe("scope that a token must have"),
    opaque_tokens: z
      .boolean()
      .default(true)
      .describe("take tokens that are no JWTs; they name no issuer, so one issuer only may say so"),
    jwts: z
      .boolean()
      .default(false)
      .describe("ask about this issuer's JWTs too, so that a revoked one is noticed"),
  })
  .refine((value) => value.opaque_tokens || value.jwts, {
    error: "is used for nothing: one of opaque_tokens and jwts must be true",
  });
