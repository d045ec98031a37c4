import { createHash } from "node:crypto";
import type { Person } from "./people.ts";

const style = `
:root{color-scheme:light dark;--canvas:light-dark(#ffffff,#121518);--sunken:light-dark(#f6f7f8,#0c0e11);--line:light-dark(#c6ccd2,#3c444c);
--ink:light-dark(#14181c,#e9ecef);--soft:light-dark(#48515a,#b0b8c0);--held:light-dark(#8a5200,#f0b95a);--held-wash:light-dark(#fdf4e3,#2a2012);
--held-edge:light-dark(#efd29b,#5c4620);--focus:light-dark(#1b66d6,#6ba6ff)}
*{box-sizing:border-box}
body{margin:0;background:var(--canvas);color:var(--ink);font:14px/20px "IBM Plex Sans",system-ui,sans-serif}
main{max-width:28rem;margin:0 auto;padding:48px 24px;border-left:2px solid var(--ink);min-height:100vh}
h1{font-size:20px;line-height:28px;font-weight:500;margin:0 0 16px}
.warning{margin:0 0 24px;padding:8px 12px;border:1px solid var(--held-edge);border-radius:4px;background:var(--held-wash);color:var(--held);font-weight:500}
ul{list-style:none;margin:0;padding:0;display:grid;gap:8px}
button{width:100%;min-height:48px;padding:8px 12px;display:grid;gap:0 12px;grid-template-columns:1fr auto;align-items:center;text-align:left;
font:inherit;color:inherit;background:var(--canvas);border:1px solid var(--line);border-radius:4px;cursor:pointer}
button:hover{background:var(--sunken);border-color:var(--ink)}
button:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
button b{font-weight:600}
button span{color:var(--soft)}
button .groups{grid-row:1/3;grid-column:2;font:12px/16px "IBM Plex Mono",ui-monospace,monospace}
p{margin:24px 0 0;color:var(--soft)}
`;

const styleDigest = createHash("sha256").update(style).digest("base64");

export interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Lists the people as buttons. `next` is where the browser goes then; browsers count that as submitting the form. */
export function signInPage(people: readonly Person[], client: string, next: string): Page {
  const buttons = people.map(
    ({ email, name, groups }) =>
      `<li><button name="person" value="${escapeHtml(email)}"><b>${escapeHtml(name)}</b><span>${escapeHtml(email)}</span>` +
      `<span class="groups">${escapeHtml(groups.join(", ") || "no group")}</span></button></li>`,
  );
  return page(
    "Choose who to be",
    `<h1>Choose who to be for ${escapeHtml(client)}</h1>
<p class="warning" role="note">Development sign-in. It asks for no password and proves nothing about who you are.</p>
<form method="post"><ul>${buttons.join("")}</ul></form>
<p>It runs on this machine only, for the quick start. Connect your own identity provider before anything real.</p>`,
    next,
  );
}

/** `form` is oidc-provider's own, without buttons. `next` is where the browser goes then. */
export function signOutPage(form: string, next: string): Page {
  const content = `<h1>Sign out of the development provider?</h1>${form}
<ul><li><button form="op.logoutForm" name="logout" value="yes"><b>Sign out</b></button></li>
<li><button form="op.logoutForm"><b>Stay signed in</b></button></li></ul>`;
  return page("Sign out", content, next);
}

export function signedOutPage(): Page {
  return page("Signed out", "<h1>You are signed out of the development provider</h1>", "");
}

export function problemPage(message: string): Page {
  return page("Sign-in failed", `<h1>Sign-in failed</h1><p>${escapeHtml(message)}</p>`, "");
}

function page(title: string, content: string, next: string): Page {
  return {
    html: `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Gatehouse development sign-in</title><style>${style}</style></head>
<body><main>${content}</main></body></html>
`,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${styleDigest}'; form-action 'self' ${next}; base-uri 'none'; frame-ancestors 'none'`,
      "Cache-Control": "no-store",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    },
  };
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
