import { z } from "zod";
import { HttpBrowser, type Page } from "./http-browser.ts";

const codesShape = z.object({ device_code: z.string(), user_code: z.string() });

/** From the command's first question to an open session, with a person at the browser in between. */
export async function deviceFlow(
  controlUrl: string,
  signIn: (browser: HttpBrowser) => Promise<Page>,
): Promise<string> {
  const post = async (path: string, form: Record<string, string>): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${controlUrl}${path}`, { method: "POST", body: new URLSearchParams(form) });
    return z.record(z.string(), z.unknown()).parse(await answer.json());
  };
  const words = { client_id: "gatehouse-cli", machine: "laptop", command: "gatehouse login" };
  const codes = codesShape.parse(await post("/v1/device", words));
  const browser = new HttpBrowser();
  const page = await signIn(browser);
  const form = (text: string): string => text.slice(text.lastIndexOf("<main"));
  const claimed = await browser.submit({ ...page, text: form(page.text) }, { user_code: codes.user_code });
  await browser.submit({ ...claimed, text: form(claimed.text) }, { verdict: "approve" });
  const login = await post("/v1/token", {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: codes.device_code,
    client_id: "gatehouse-cli",
  });
  const token = String(login["access_token"]);
  const me = await fetch(`${controlUrl}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  const { roles } = z.object({ roles: z.array(z.string()) }).parse(await me.json());
  const opened = await post("/v1/token", {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: token,
    subject_token_type: "urn:gatehouse:params:oauth:token-type:login",
    agent: "cursor",
  });
  return `${roles.join(", ")}, ${opened["session_id"] === undefined ? JSON.stringify(opened) : "session opened"}`;
}
