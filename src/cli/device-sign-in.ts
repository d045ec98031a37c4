import { hostname, userInfo } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { ControlPlaneRefusal, callControlPlane } from "#agent";
import { type DeviceAnswer, deviceAnswer, type LoginAnswer, loginAnswer } from "#api";
import { GatehouseError } from "#lib/errors";
import { Secret } from "#lib/secret";
import type { DeviceLogin } from "./login-file.ts";
import type { Server } from "./server.ts";
import type { Terminal } from "./terminal.ts";
import { printable } from "./text.ts";

const clientId = "gatehouse-cli";

/** RFC 8628 section 3.5: what a command adds to its pause when it is told that it asks too often. */
const slowDownS = 5;

/**
 * Shows a code, and waits until somebody has typed it into a browser and said yes (RFC 8628). What comes back opens
 * agents' sessions on this machine and does nothing else.
 */
export async function signInByDevice(server: Server, terminal: Terminal): Promise<DeviceLogin> {
  const codes = await callControlPlane({
    url: server.url,
    path: "/v1/device",
    form: { client_id: clientId, machine: machineName(), command: "gatehouse login" },
    answer: deviceAnswer,
  });
  const code = `${codes.user_code.slice(0, 4)}-${codes.user_code.slice(4)}`;
  // No address with the code in it: whoever types it has looked at both screens.
  terminal.err(printable(`Open ${codes.verification_uri} in any browser and type this code:\n\n  ${code}\n`));
  const login = await waitForLogin(server.url, codes);
  return {
    kind: "device",
    serverUrl: server.url,
    token: new Secret(login.access_token),
    endsAt: new Date(terminal.clock.now().getTime() + login.expires_in * 1000),
    email: login.email,
  };
}

async function waitForLogin(url: string, codes: DeviceAnswer): Promise<LoginAnswer> {
  let intervalS = codes.interval;
  for (let waitedS = 0; waitedS <= codes.expires_in; waitedS += Math.max(intervalS, 1)) {
    await pause(intervalS * 1000);
    const answer = await poll(url, codes.device_code);
    if (answer === "slow_down") intervalS += slowDownS;
    else if (answer !== "pending") return answer;
  }
  throw new GatehouseError("sign_in_failed", "Nobody signed in in time. Run the command again.");
}

async function poll(url: string, deviceCode: string): Promise<LoginAnswer | "pending" | "slow_down"> {
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: deviceCode,
    client_id: clientId,
  };
  try {
    return await callControlPlane({ url, path: "/v1/token", form, answer: loginAnswer });
  } catch (error) {
    const code = error instanceof GatehouseError ? error.code : "";
    if (code === "authorization_pending") return "pending";
    // RFC 8628 section 3.5: a server that does not answer is asked less often.
    if (code === "slow_down" || code === "server_unreachable") return "slow_down";
    if (!(error instanceof ControlPlaneRefusal)) throw error;
    throw new GatehouseError("sign_in_failed", error.message, { cause: error });
  }
}

/** For the person to recognise; the server takes visible characters only. */
function machineName(): string {
  const name = `${userInfo().username}@${hostname()}`.replace(/\p{C}/gu, "?");
  return name.slice(0, 100);
}

/** Tells the server that this machine's login is over (RFC 7009). */
export async function revokeDeviceLogin({ serverUrl, token }: DeviceLogin): Promise<void> {
  const form = { token: token.reveal() };
  await callControlPlane({ url: serverUrl, path: "/v1/revoke", form, answer: z.looseObject({}) });
}
