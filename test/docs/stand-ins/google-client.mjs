// Stands for gcloud and Terraform in the examples of docs/ways-in.md, where they may not be installed: finds its credential
// as a Google client does, asks for the projects, and prints them.
import { readFileSync } from "node:fs";

// Without a project Google's library asks gcloud for one. That would be us again, and again: it is given one, and this
// stands here in case.
if (process.argv[2] === "config") process.exit(1);

const { GoogleAuth } = await import("google-auth-library");
const { callGoogle } = await import("../../../src/cli/local/demo/http-client.ts");

const credentialFile = process.argv.find((word) => word.startsWith("--cred-file="))?.slice(12);
const { CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER: base, GCE_METADATA_HOST } = process.env;
if (credentialFile !== undefined) {
  console.log(`signed in: ${JSON.parse(readFileSync(credentialFile, "utf8")).type}`);
} else if (GCE_METADATA_HOST === undefined) {
  const auth = new GoogleAuth({
    projectId: "practice-project",
    scopes: "https://www.googleapis.com/auth/cloud-platform",
  });
  const { data } = await auth.request({ url: `${base}v1/projects`, retry: false });
  console.log(JSON.stringify(data));
} else {
  const { text } = await callGoogle("GET", "https://cloudresourcemanager.googleapis.com/v1/projects");
  console.log(text);
}
