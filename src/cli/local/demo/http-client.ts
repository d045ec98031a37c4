// The tour's stand-in where gcloud is not installed: the same HTTP calls, made the way Google's libraries make them:
// token from the metadata server, requests through the proxy of the environment.

export interface Answer {
  readonly isOk: boolean;
  readonly text: string;
}

export async function callGoogle(
  method: string,
  url: string,
  body?: string,
  type = "application/json",
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: { Authorization: `Bearer ${await accessToken()}`, "Content-Type": type },
    ...(body === undefined ? {} : { body }),
  });
  return { isOk: answer.ok, text: await answer.text() };
}

/** Signed URLs carry their own permission; no token goes along. */
export async function upload(url: string, body: string, type: string): Promise<Answer> {
  const answer = await fetch(url, { method: "PUT", headers: { "Content-Type": type }, body });
  return { isOk: answer.ok, text: await answer.text() };
}

async function accessToken(): Promise<string> {
  const metadata = `http://${process.env["GCE_METADATA_HOST"] ?? "metadata.google.internal"}`;
  const answer = await fetch(`${metadata}/computeMetadata/v1/instance/service-accounts/default/token`, {
    headers: { "Metadata-Flavor": "Google" },
  });
  const token: unknown = await answer.json();
  if (typeof token !== "object" || token === null || !("access_token" in token)) {
    throw new Error("the metadata server gave no token; run this under `gatehouse run`");
  }
  return String(token.access_token);
}
