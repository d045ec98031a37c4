import type { SignInProvider } from "#identity";
import { type Html, html } from "./html.ts";

export interface WantedSignIn {
  readonly isFresh: boolean;
  /** One of our own pages. */
  readonly returnPath: string;
}

/** Where there is more than one identity provider: which of them knows you? */
export function signInPage(providers: readonly SignInProvider[], wanted: WantedSignIn): Html {
  return html`<h1>Sign in</h1>
<p>Where do you want to prove who you are?</p>
<ul class="plain">${providers.map((provider) => choice(provider, wanted))}</ul>`;
}

function choice({ id, issuer }: SignInProvider, { isFresh, returnPath }: WantedSignIn): Html {
  const fresh = isFresh ? "&fresh=1" : "";
  const address = `/sign-in?provider=${encodeURIComponent(id)}${fresh}&return=${encodeURIComponent(returnPath)}`;
  return html`<li><p><a class="button" href="${address}">${id}</a> <span class="soft"><code>${issuer}</code></span></p></li>`;
}
