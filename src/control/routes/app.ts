import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { exchangeId } from "#api";

/** The control plane's Fastify, with zod schemas. */
export type App = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answers people in a browser: refusals are pages too. */
    readonly isPage?: boolean;
  }
}

/** Ids are what we made them of and nothing else. */
export const sessionParams = z.object({ id: z.string().regex(/^ses_[A-Za-z0-9]{1,64}$/) });
export const exchangeParams = sessionParams.extend({ exchange: exchangeId });
export const approvalParams = z.object({ id: z.string().regex(/^apr_[A-Za-z0-9]{1,64}$/) });

export const providerParams = z.object({ provider: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/) });

/** Route options: so many requests a minute from one address. */
export function perMinute(max: number): { rateLimit: { max: number; timeWindow: number } } {
  return { rateLimit: { max, timeWindow: 60_000 } };
}
