// Deploys a function the way `gcloud functions deploy` does: ask for an upload URL, upload the source, create.
// Usage: node http-deploy.ts PROJECT NAME
import { z } from "zod";
import { callGoogle, upload } from "./http-client.ts";

const [project = "", name = ""] = process.argv.slice(2);
const functions = `https://cloudfunctions.googleapis.com/v2/projects/${project}/locations/us-central1/functions`;

const { text: issued } = await callGoogle("POST", `${functions}:generateUploadUrl`, "{}");
const { uploadUrl, storageSource } = z
  .object({ uploadUrl: z.string(), storageSource: z.unknown() })
  .parse(JSON.parse(issued));
await upload(uploadUrl, "not really an archive", "application/zip");
const { isOk, text } = await callGoogle(
  "POST",
  `${functions}?functionId=${name}`,
  JSON.stringify({ buildConfig: { runtime: "nodejs22", entryPoint: name, source: { storageSource } } }),
);
console.log(text);
process.exitCode = isOk ? 0 : 1;
