import { z } from "zod";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import type { SubjectToken } from "./executable-answer.ts";

const answer = z.object({ value: z.string().min(1).max(limits.tokenBytesMax) });
const claims = z.object({ exp: z.number().int().positive() });

/** Whether this is a job of GitHub Actions that may ask for ID tokens (`permissions: id-token: write`). */
export function isGitHubJob(environment: NodeJS.ProcessEnv): boolean {
  return (environment["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "") !== "";
}

/**
 * An ID token of the job, fresh from GitHub. What opens GitHub's door stays in the job's environment, where GitHub put
 * it, and is written nowhere. Throws `not_in_github_actions`, `github_refused`.
 */
export async function gitHubToken(audience: string, environment: NodeJS.ProcessEnv): Promise<SubjectToken> {
  const url = requestUrl(environment);
  const bearer = environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  if (url === undefined || bearer === undefined || bearer === "") {
    throw new GatehouseError(
      "not_in_github_actions",
      "GitHub gives this job no ID token. Give it `permissions: id-token: write`.",
    );
  }
  url.searchParams.set("audience", audience);
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${bearer}`, accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(limits.controlTimeoutMs),
    });
    if (!response.ok) throw new Error(`GitHub answered ${response.status}`);
    const { value } = answer.parse(await response.json());
    return { token: new Secret(value), expiresAtS: expiryOf(value) };
  } catch (cause) {
    throw new GatehouseError("github_refused", "GitHub gave no ID token for this job.", { cause });
  }
}

/** https, or a loopback address: the request's own token goes there. */
function requestUrl(environment: NodeJS.ProcessEnv): URL | undefined {
  const text = environment["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === "https:" || url?.hostname === "127.0.0.1" ? url : undefined;
}

/** Read, not verified: Gatehouse judges it. */
function expiryOf(token: string): number {
  return claims.parse(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"))).exp;
}
