import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** One property of a gcloud configuration that says where, not who. */
export interface GcloudProperty {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

/** All that a run keeps of the user's configuration. Accounts, proxies, endpoints and certificates stay behind. */
const keptNames: ReadonlySet<string> = new Set(["region", "zone", "location"]);
const isKept = ({ section, name }: GcloudProperty): boolean =>
  keptNames.has(name) || (section === "core" && name === "project");

/** Reads the user's active gcloud configuration without running gcloud. A user who has none has no properties. */
export function readActiveConfiguration(environment: NodeJS.ProcessEnv): GcloudProperty[] {
  const folder = configurationFolder(environment);
  const active =
    environment["CLOUDSDK_ACTIVE_CONFIG_NAME"]?.trim() ||
    readOr(join(folder, "active_config"), "").trim() ||
    "default";
  // `NONE` is gcloud's word for no configuration; a name with a slash would leave the folder.
  if (!/^[a-z][-a-z0-9]*$/.test(active)) return [];
  return parseProperties(readOr(join(folder, "configurations", `config_${active}`), "")).filter(isKept);
}

export function projectOf(
  environment: NodeJS.ProcessEnv,
  properties: readonly GcloudProperty[],
): string | undefined {
  const configured = properties.find(({ section, name }) => section === "core" && name === "project");
  return environment["CLOUDSDK_CORE_PROJECT"] || environment["GOOGLE_CLOUD_PROJECT"] || configured?.value;
}

/** Writes a private configuration holding these properties and no account, so that gcloud asks the metadata server. */
export function writePrivateConfiguration(folder: string, properties: readonly GcloudProperty[]): void {
  mkdirSync(join(folder, "configurations"), { recursive: true, mode: 0o700 });
  const sections = Map.groupBy(properties, ({ section }) => section);
  const text = [...sections].map(([section, entries]) =>
    [`[${section}]`, ...entries.map(({ name, value }) => `${name} = ${value}`), ""].join("\n"),
  );
  writeFileSync(join(folder, "active_config"), "default", { mode: 0o600 });
  writeFileSync(join(folder, "configurations", "config_default"), text.join("\n"), { mode: 0o600 });
}

function configurationFolder(environment: NodeJS.ProcessEnv): string {
  const named = environment["CLOUDSDK_CONFIG"];
  if (named !== undefined && named !== "") return named;
  const windowsFolder = process.platform === "win32" ? environment["APPDATA"] : undefined;
  return windowsFolder !== undefined
    ? join(windowsFolder, "gcloud")
    : join(environment["HOME"] ?? homedir(), ".config", "gcloud");
}

/** The INI files gcloud writes: sections, `name = value`, comments. Values gcloud would not accept are left out. */
export function parseProperties(text: string): GcloudProperty[] {
  const properties: GcloudProperty[] = [];
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    section = /^\[([a-z_]+)\]\s*$/.exec(line)?.[1] ?? section;
    const [, name, value] = /^([a-z_]+)\s*[=:]\s*([\w.:-]+)\s*$/i.exec(line) ?? [];
    if (name !== undefined && value !== undefined)
      properties.push({ section, name: name.toLowerCase(), value });
  }
  return properties;
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}
