/** What a probe may need to know. */
export interface ProbeSetting {
  /** A folder of its own, empty. */
  readonly folder: string;
  readonly project: string;
}

export interface ProbeCommand {
  readonly args: readonly string[];
  /** Files of the folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Written to the command's input, so that a token never stands in a command line. */
  readonly needsTokenOnInput?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** How one client is made to ask Google something harmless. */
export interface ClientProbe {
  /** As it is called on the command line. */
  readonly client: string;
  command(setting: ProbeSetting): ProbeCommand;
  /** In the output: an answer came back through Gatehouse, whatever it said. */
  readonly answered: RegExp;
}

/** Gatehouse puts it on every answer it has a record of; nobody else does. */
const receipt = /x-audit-record/i;

const url = "https://cloudresourcemanager.googleapis.com/v1/projects?pageSize=1";
const tokenPath = "/computeMetadata/v1/instance/service-accounts/default/token";

const nodeScript = `
const http = require("node:http"), https = require("node:https");
http.get("http://" + process.env.GCE_METADATA_HOST + "${tokenPath}", { headers: { "metadata-flavor": "Google" } }, (answer) => {
  let text = "";
  answer.on("data", (part) => { text += part; });
  answer.on("end", () => {
    const authorization = "Bearer " + JSON.parse(text).access_token;
    https.get("${url}", { headers: { authorization } }, (reply) => {
      console.log("status", reply.statusCode, Object.keys(reply.headers).join(" "));
      reply.resume();
    }).on("error", (error) => { console.error(String(error)); process.exitCode = 1; });
  });
});
`;

const pythonScript = `
import json, os, urllib.error, urllib.request
metadata = urllib.request.Request("http://" + os.environ["GCE_METADATA_HOST"] + "${tokenPath}", headers={"Metadata-Flavor": "Google"})
token = json.load(urllib.request.urlopen(metadata, timeout=20))["access_token"]
request = urllib.request.Request("${url}", headers={"Authorization": "Bearer " + token})
try:
    answer = urllib.request.urlopen(request, timeout=60)
except urllib.error.HTTPError as error:
    answer = error
print("status", answer.getcode(), " ".join(answer.headers.keys()))
`;

const goScript = `package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

func main() {
	ask, _ := http.NewRequest("GET", "http://"+os.Getenv("GCE_METADATA_HOST")+"${tokenPath}", nil)
	ask.Header.Set("Metadata-Flavor", "Google")
	lent, err := http.DefaultClient.Do(ask)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var token struct {
		AccessToken string \`json:"access_token"\`
	}
	json.NewDecoder(lent.Body).Decode(&token)
	call, _ := http.NewRequest("GET", "${url}", nil)
	call.Header.Set("Authorization", "Bearer "+token.AccessToken)
	answer, err := http.DefaultClient.Do(call)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("status", answer.StatusCode, answer.Header)
}
`;

/** A bucket that nobody has: what counts is that the question arrives and the answer comes back. */
const bucket = "gatehouse-doctor-probe";
const terraformFile = `terraform {\n  backend "gcs" {\n    bucket = "${bucket}"\n  }\n}\n`;

/** Everything that reaches Google and that we know how to ask. Each asks for a list, and changes nothing. */
export const clientProbes: readonly ClientProbe[] = [
  {
    client: "gcloud",
    // --log-http shows the headers of answers; it leaves tokens out.
    command: () => ({ args: ["projects", "list", "--limit=1", "--format=json", "--log-http"] }),
    answered: receipt,
  },
  { client: "gsutil", command: () => ({ args: ["-D", "ls", `gs://${bucket}`] }), answered: receipt },
  {
    client: "bq",
    command: ({ project }) => ({ args: ["--headless", `--project_id=${project}`, "--apilog=stdout", "ls"] }),
    answered: receipt,
  },
  {
    client: "terraform",
    command: () => ({
      args: ["init", "-no-color", "-input=false"],
      files: { "main.tf": terraformFile },
      environment: { CHECKPOINT_DISABLE: "1" },
    }),
    // It shows no headers; these are answers of Cloud Storage's, and Gatehouse's in its shape.
    answered:
      /bucket doesn't exist|googleapi: (Error|got HTTP response code) \d|Successfully configured the backend/,
  },
  {
    client: "node",
    command: () => ({ args: ["probe.cjs"], files: { "probe.cjs": nodeScript } }),
    answered: receipt,
  },
  {
    client: "python3",
    command: () => ({ args: ["probe.py"], files: { "probe.py": pythonScript } }),
    answered: receipt,
  },
  {
    client: "go",
    command: ({ folder }) => ({
      args: ["run", "probe.go"],
      files: { "probe.go": goScript },
      environment: { GOTOOLCHAIN: "local", GOFLAGS: "", GOWORK: "off", GOTMPDIR: folder },
    }),
    answered: receipt,
  },
  {
    client: "curl",
    command: () => ({
      args: [
        "--silent",
        "--show-error",
        "--dump-header",
        "-",
        "--output",
        "/dev/null",
        "--header",
        "@-",
        url,
      ],
      needsTokenOnInput: true,
    }),
    answered: receipt,
  },
];
