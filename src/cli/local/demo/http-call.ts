// The tour's stand-in where gcloud is not installed: the same HTTP call, made the way Google's libraries make it:
// token from the metadata server, request through the proxy of the environment.
// Usage: node http-call.ts METHOD URL [JSON-BODY]
const [method = "GET", url = "", body] = process.argv.slice(2);

const metadata = `http://${process.env["GCE_METADATA_HOST"] ?? "metadata.google.internal"}`;
const token: unknown = await fetch(`${metadata}/computeMetadata/v1/instance/service-accounts/default/token`, {
  headers: { "Metadata-Flavor": "Google" },
}).then((answer) => answer.json());
if (typeof token !== "object" || token === null || !("access_token" in token)) {
  throw new Error("the metadata server gave no token; run this under `gatehouse run`");
}

const answer = await fetch(url, {
  method,
  headers: { Authorization: `Bearer ${String(token.access_token)}`, "Content-Type": "application/json" },
  ...(body === undefined ? {} : { body }),
});
console.log(await answer.text());
process.exitCode = answer.ok ? 0 : 1;
