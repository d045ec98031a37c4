import { z } from "zod";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import type { RunPlaces } from "./environment.ts";

/** What a command asks the helper service for: a run of its own. */
export const runRequest = z.object({
  serverUrl: z.url(),
  agent: z.string().min(1).max(limits.agentNameCharsMax),
  connection: z.string().min(1).optional(),
  project: z.string().min(1).optional(),
  as: z.string().optional(),
  environment: z.record(z.string(), z.string()),
});
export type RunRequest = z.infer<typeof runRequest>;

/** The variables that a helper reads. The rest of a person's environment is none of the service's business. */
const relevant =
  /^(HOME|APPDATA|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|CLOUDSDK_CONFIG|CLOUDSDK_ACTIVE_CONFIG_NAME|CLOUDSDK_CORE_PROJECT|GOOGLE_CLOUD_PROJECT)$/i;

export function relevantVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value !== undefined && relevant.test(name) ? [[name, value] as const] : [],
    ),
  );
}

const port = z.int().min(1).max(65_535);

/** Where the run's helper is, for the command to make its environment of. */
const placesShape = z.object({
  nonce: z
    .string()
    .min(1)
    .transform((text) => new Secret(text)),
  proxyPort: port,
  metadataPort: port,
  caBundle: z.string(),
  gcloudConfiguration: z.string(),
  boto: z.string(),
  preload: z.string(),
  // `undefined` does not travel.
  project: z
    .string()
    .nullable()
    .transform((value) => value ?? undefined),
  controlUrl: z.url(),
  bySocket: z
    .object({ socket: z.string(), credentials: z.string(), variables: z.record(z.string(), z.string()) })
    .nullable()
    .transform((value) => value ?? undefined),
});

/** One line of the service's answer, which lasts as long as the run. */
export const runLine = z.union([
  z.object({ opened: placesShape, sessionId: z.string() }),
  z.object({ notice: z.string() }),
]);

export function openedLine(places: RunPlaces, sessionId: string): string {
  const { nonce, project, bySocket, ...rest } = places;
  const opened = { ...rest, nonce: nonce.reveal(), project: project ?? null, bySocket: bySocket ?? null };
  return `${JSON.stringify({ opened, sessionId })}\n`;
}

export function noticeLine(notice: string): string {
  return `${JSON.stringify({ notice })}\n`;
}

export const serviceStatus = z.object({
  pid: z.int(),
  serverUrl: z.url(),
  startedAt: z.iso.datetime(),
  runs: z.array(z.object({ agent: z.string(), sessionId: z.string(), openedAt: z.iso.datetime() })),
});
export type ServiceStatus = z.infer<typeof serviceStatus>;

export const serviceRefusal = z.object({
  code: z.string(),
  message: z.string(),
  next: z.string().optional(),
});
