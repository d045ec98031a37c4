import type { HttpBrowser } from "./http-browser.ts";

/** What the overview page says of whoever is signed in. */
export async function whoIs(browser: HttpBrowser, controlUrl: string): Promise<string> {
  const { text } = await browser.get(controlUrl);
  const said = (name: string): string =>
    new RegExp(`<dt>${name}</dt><dd>(?:<[a-z]+>)?([^<]*)`).exec(text)?.[1] ?? "nobody";
  return `${said("Person")}: ${said("Roles here")}`;
}
