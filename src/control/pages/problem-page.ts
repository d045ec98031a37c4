import type { ControlRefusal } from "../refusal.ts";
import { type Html, html } from "./html.ts";

/** `returnPath` is one of our own pages: where to go on after another sign-in. */
export function problemPage({ code, message, next }: ControlRefusal, returnPath: string): Html {
  const isSignIn = ["sign_in_needed", "sign_in_not_fresh", "sign_in_unknown", "sign_in_refused"].includes(
    code,
  );
  return html`<h1>${message}</h1>
${next === undefined || isSignIn ? undefined : html`<p>${next}</p>`}
${isSignIn ? html`<p><a class="button" href="/sign-in?fresh=1&amp;return=${returnPath}">Sign in again</a></p>` : undefined}
${code === "device_code_unknown" ? html`<p><a class="button" href="/device">Type it again</a></p>` : undefined}
<p class="soft">Error <code>${code}</code>. Go to <a href="/approvals">approvals</a> or the <a href="/">overview</a>.</p>`;
}
