import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseProperties, projectOf, readActiveConfiguration } from "./gcloud-configuration.ts";
import { createRunFolder, type RunFolder } from "./run-folder.ts";

let parent = "";
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "run-folder-test-"));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const [firstRoot = "", secondRoot = "", gatewayCaPem = ""] = rootCertificates;

function create(environment: NodeJS.ProcessEnv = {}): RunFolder {
  const properties = readActiveConfiguration(environment);
  return createRunFolder({ gatewayCaPem, properties, environment }, parent);
}

function writeConfiguration(active: string | undefined, files: Record<string, string>): string {
  const folder = join(parent, "their-gcloud");
  mkdirSync(join(folder, "configurations"), { recursive: true });
  if (active !== undefined) writeFileSync(join(folder, "active_config"), active);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "configurations", name), text);
  return folder;
}

test("a private key kept beside the user's certificates is not copied", () => {
  const file = join(parent, "roots.pem");
  writeFileSync(file, `${firstRoot}\n-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n`);
  const bundle = readFileSync(create({ SSL_CERT_FILE: file }).caBundle, "utf8");
  expect(bundle).not.toContain("PRIVATE");
  expect(bundle).toContain(firstRoot);
});

test("accounts, proxies and endpoints of the user's gcloud configuration stay behind", () => {
  const CLOUDSDK_CONFIG = writeConfiguration("work", {
    config_work: [
      "[core]",
      "account = developer@example.com",
      "project = work-project",
      "custom_ca_certs_file = /home/ca.pem",
      "[proxy]",
      "address = proxy.example.com",
      "[api_endpoint_overrides]",
      "storage = https://storage.example.com/",
      "[compute]",
      "region = europe-west1",
      "zone=europe-west1-b",
      "[run]",
      "region: europe-west4",
    ].join("\n"),
    config_default: "[core]\nproject = not-this-one\n",
  });
  const folder = create({ CLOUDSDK_CONFIG });
  const written = readFileSync(join(folder.gcloudConfiguration, "configurations/config_default"), "utf8");
  expect(parseProperties(written)).toEqual([
    { section: "core", name: "project", value: "work-project" },
    { section: "compute", name: "region", value: "europe-west1" },
    { section: "compute", name: "zone", value: "europe-west1-b" },
    { section: "run", name: "region", value: "europe-west4" },
  ]);
  expect(readFileSync(join(folder.gcloudConfiguration, "active_config"), "utf8")).toBe("default");
});

test("a configuration name that leaves the folder is not followed", () => {
  writeFileSync(join(parent, "outside"), "[core]\nproject = stolen\n");
  const CLOUDSDK_CONFIG = writeConfiguration("x/../../../outside", {});
  expect(readActiveConfiguration({ CLOUDSDK_CONFIG })).toEqual([]);
  expect(readActiveConfiguration({ CLOUDSDK_CONFIG, CLOUDSDK_ACTIVE_CONFIG_NAME: "NONE" })).toEqual([]);
});

test("somebody who never used gcloud starts with no properties", () => {
  expect(readActiveConfiguration({ CLOUDSDK_CONFIG: join(parent, "nowhere") })).toEqual([]);
});

test("the environment names the project before the configuration does", () => {
  const configured = [{ section: "core", name: "project", value: "configured" }];
  expect(projectOf({ CLOUDSDK_CORE_PROJECT: "chosen", GOOGLE_CLOUD_PROJECT: "other" }, configured)).toBe(
    "chosen",
  );
  expect(projectOf({ GOOGLE_CLOUD_PROJECT: "other" }, configured)).toBe("other");
  expect(projectOf({}, configured)).toBe("configured");
  expect(projectOf({}, [])).toBeUndefined();
});

test("the folder and all in it can be read by its owner alone", () => {
  const folder = create();
  expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  for (const file of [folder.caBundle, folder.boto]) expect(statSync(file).mode & 0o777, file).toBe(0o600);
});

test("the certificates of the system, of the user and of the gateway are all trusted, each once", () => {
  const file = join(parent, "roots.pem");
  const extra = join(parent, "extra.pem");
  writeFileSync(file, `${firstRoot}\n${gatewayCaPem}\n`);
  writeFileSync(extra, secondRoot);
  const bundle = readFileSync(create({ SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: extra }).caBundle, "utf8");
  expect(bundle.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
});

test("without any file the roots are those of the system or of Node, never none", () => {
  const bundle = readFileSync(create({ SSL_CERT_FILE: join(parent, "missing.pem") }).caBundle, "utf8");
  expect(bundle.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(20);
});

test("gsutil's credentials and caches are this run's own", () => {
  const folder = create();
  expect(readFileSync(folder.boto, "utf8")).toContain(`state_dir = ${join(folder.path, "gsutil")}`);
});

test("a link or a file that looks like a dead run's folder is left, and so is what it leads to", () => {
  const precious = join(parent, "precious");
  mkdirSync(precious);
  writeFileSync(join(precious, "key.json"), "{}");
  symlinkSync(precious, join(parent, "gatehouse-run-999999999-link"));
  writeFileSync(join(parent, "gatehouse-run-999999999-file"), "");
  create().remove();
  expect(readdirSync(parent).sort()).toEqual([
    "gatehouse-run-999999999-file",
    "gatehouse-run-999999999-link",
    "precious",
  ]);
  expect(readdirSync(precious)).toEqual(["key.json"]);
});

test.runIf(process.getuid?.() === 0)(
  "a folder of another user is not emptied: they could exchange what is in it for links meanwhile",
  () => {
    const theirs = join(parent, "gatehouse-run-999999999-theirs");
    mkdirSync(theirs);
    writeFileSync(join(theirs, "bait"), "");
    chownSync(theirs, 65_534, 65_534);
    create().remove();
    expect(readdirSync(theirs)).toEqual(["bait"]);
  },
);

test("folders of runs that were killed are swept, those of running ones are not", () => {
  const dead = join(parent, "gatehouse-run-999999999-abcdef");
  const alive = join(parent, `gatehouse-run-${process.ppid}-abcdef`);
  for (const folder of [dead, alive]) mkdirSync(folder);
  const folder = create();
  folder.remove();
  expect(readdirSync(parent)).toEqual([`gatehouse-run-${process.ppid}-abcdef`]);
});
