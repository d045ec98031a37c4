import { type Html, html } from "./html.ts";

/** How far a browser is signed out: here for certain, at the provider perhaps. */
export type SignedOut = "here" | "going_on" | "at_provider_too";

const sentences: Readonly<Record<SignedOut, Html>> = {
  going_on: html`<p>Going on to your identity provider, to sign out there too. <a href="/sign-out/at-provider">Go on</a></p>`,
  at_provider_too: html`<p>Your identity provider says that you are signed out there too.</p>`,
  here: html`<p>Your identity provider may still have you signed in: close the browser, or sign out there, before somebody else uses it.</p>`,
};

export function signedOutPage(how: SignedOut): Html {
  return html`<h1>You are signed out of Gatehouse</h1>
${sentences[how]}
<p class="soft">Agents that work for you go on until their sessions end. <code>gatehouse sessions stop</code> ends them now.</p>`;
}
