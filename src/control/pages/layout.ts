import type { Visitor } from "../browser/visitor.ts";
import { type Html, html } from "./html.ts";

export interface Frame {
  readonly title: string;
  readonly visitor: Visitor | undefined;
  /** Whose development provider signs anybody in. */
  readonly isDevelopment: boolean;
}

/** The frame of every page: who is signed in, the ways between pages, one main part. No script, no foreign address. */
export function layout({ title, visitor, isDevelopment }: Frame, main: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Gatehouse</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<a class="brand" href="/">Gatehouse</a>
<nav aria-label="Pages"><a href="/">Overview</a><a href="/approvals">Approvals</a></nav>
${visitor === undefined ? html`<a class="me" href="/sign-in">Sign in</a>` : signedIn(visitor)}
</header>
${isDevelopment ? developmentNotice : undefined}
<main id="main">${main}</main>
</body>
</html>
`.toString();
}

function signedIn({ actor, formToken }: Visitor): Html {
  return html`<form class="me" method="post" action="/sign-out"><bdi>${nameOf(actor.principal)}</bdi>
<input type="hidden" name="form_token" value="${formToken}"><button class="quiet">Sign out</button></form>`;
}

/** The address where it is verified; otherwise the provider's own name for the person. */
export function nameOf(principal: { readonly email: string | undefined; readonly subject: string }): string {
  return principal.email ?? principal.subject;
}

const developmentNotice = html`<p class="notice held" role="note">Development identity provider: anybody on this machine can be anybody here. For trying out only.</p>`;
