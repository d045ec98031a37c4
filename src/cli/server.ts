import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readServerInfo } from "#agent";
import type { ServerInfo } from "#api";
import { GatehouseError } from "#lib/errors";
import { isLoopbackHost } from "#lib/loopback";
import { readLogin, type StoredLogin } from "./login-file.ts";
import type { Settings } from "./settings.ts";

/** The Gatehouse server a command speaks to. */
export interface Server {
  readonly url: string;
  readonly info: ServerInfo;
}

export async function findServer(settings: Settings): Promise<Server> {
  const url = serverUrl(settings, readLogin(settings.terminal.environment));
  return { url, info: await readServerInfo(url) };
}

const defaultUrl = "http://127.0.0.1:8440";

/** The first that says something: --url, GATEHOUSE_URL, the stored sign-in, a server in this folder, the default. */
export function serverUrl({ url, terminal }: Settings, login: StoredLogin | undefined): string {
  const { environment, workingFolder } = terminal;
  const chosen =
    url ?? (environment["GATEHOUSE_URL"] || undefined) ?? login?.serverUrl ?? quickStartUrl(workingFolder);
  return checkedUrl(chosen ?? defaultUrl);
}

/** https anywhere, http on this machine only: an ID token in clear text is somebody else's. */
function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url !== undefined &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname)))
  ) {
    return url.origin;
  }
  throw new GatehouseError(
    "usage_invalid",
    `${text} is not the URL of a Gatehouse server. It is https://…, or http:// on a loopback address.`,
  );
}

const quickStart = z.object({ controlUrl: z.url() });

/** A folder can come from anyone; what lies in it may name a server of this machine only. */
function quickStartUrl(workingFolder: string): string | undefined {
  try {
    const text = readFileSync(join(workingFolder, "data", "server.json"), "utf8");
    const { controlUrl } = quickStart.parse(JSON.parse(text));
    return isLoopbackHost(new URL(controlUrl).hostname) ? controlUrl : undefined;
  } catch {
    return undefined;
  }
}
