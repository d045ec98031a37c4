import { request } from "node:http";
import { z } from "zod";
import { systemClock } from "#lib/clock";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import { readSocketToken } from "./socket-token.ts";

const tokenShape = z.object({ access_token: z.string() });

/**
 * The gateway token of the run this command was started in, from its helper. Nothing when there is no
 * run, it has ended, or it belongs to another server.
 */
export async function readHelperToken(
  serverUrl: string,
  environment: NodeJS.ProcessEnv,
): Promise<Secret | undefined> {
  const isThisServer = environment["GATEHOUSE_URL"]?.replace(/\/$/, "") === serverUrl;
  if (!isThisServer) return undefined;
  return (await readBySocket(environment)) ?? readByPort(environment);
}

/** First, as it is reached from a sandbox too. */
async function readBySocket({ GATEHOUSE_SOCKET: socket }: NodeJS.ProcessEnv): Promise<Secret | undefined> {
  if (socket === undefined || socket === "") return undefined;
  try {
    return (await readSocketToken(socket, systemClock.now())).token;
  } catch {
    return undefined;
  }
}

async function readByPort(environment: NodeJS.ProcessEnv): Promise<Secret | undefined> {
  const port = /^127\.0\.0\.1:(\d{1,5})$/.exec(environment["GATEHOUSE_HELPER"] ?? "")?.[1];
  if (port === undefined) return undefined;
  try {
    return new Secret(tokenShape.parse(JSON.parse(await read(Number(port)))).access_token);
  } catch {
    return undefined;
  }
}

/** Not fetch: a run's preload and proxy variables have no say in a call to its own helper. */
function read(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: "127.0.0.1",
      port,
      path: "/computeMetadata/v1/instance/service-accounts/default/token",
      headers: { "metadata-flavor": "Google" },
      timeout: limits.controlTimeoutMs,
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("the helper did not answer in time")));
    outgoing.on("error", reject);
    outgoing.on("response", (answer) => {
      answer.setEncoding("utf8");
      let text = "";
      answer.on("data", (chunk: string) => {
        text += chunk.slice(0, limits.tokenBytesMax * 2);
      });
      answer.on("error", reject);
      answer.on("end", () => resolve(text));
    });
    outgoing.end();
  });
}
