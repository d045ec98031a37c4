import type { ServerInfo } from "#api";
import { type Actor, isFresh } from "#identity";
import type { Visitor } from "../browser/visitor.ts";
import type { Readiness } from "../control-plane-ports.ts";
import { type Html, html } from "./html.ts";
import { nameOf } from "./layout.ts";
import { utc } from "./moment.ts";

export interface Overview {
  readonly visitor: Visitor | undefined;
  readonly serverInfo: ServerInfo;
  readonly readiness: readonly Readiness[];
  readonly now: Date;
}

export function overviewPage({ visitor, serverInfo, readiness, now }: Overview): Html {
  return html`<h1>Overview</h1>
<section aria-labelledby="who"><h2 id="who">Who you are</h2>
${visitor === undefined ? html`<p>Nobody is signed in with this browser. <a href="/sign-in">Sign in</a></p>` : person(visitor.actor, now)}
</section>
<section aria-labelledby="works"><h2 id="works">What works</h2>
<ul class="plain">${readiness.map(
    ({ name, isReady, detail }) =>
      html`<li><span class="${isReady ? "tone-ok" : "tone-denied"}">${isReady ? "works" : "does not work"}</span> ${name}${detail === undefined ? "" : `: ${detail}`}</li>`,
  )}</ul>
</section>
<section aria-labelledby="ways"><h2 id="ways">Ways in</h2>
<dl class="facts">
<dt>Agents</dt><dd><code>gatehouse run -- gcloud projects list</code></dd>
<dt>Proxy</dt><dd><code>${serverInfo.proxyUrl}</code></dd>
<dt>Certificate</dt><dd><a href="/v1/ca.pem">ca.pem</a></dd>
<dt>Log</dt><dd><code>${serverInfo.log.verifierKey}</code>, newest <a href="/api/v1/audit/checkpoint">checkpoint</a></dd>
<dt>Auditors</dt><dd><code>gatehouse sessions list</code></dd>
</dl>
</section>`;
}

function person(actor: Actor, now: Date): Html {
  const { principal, roles, signedInAt } = actor;
  const age = isFresh(actor, now) ? "recent enough to decide" : "too long ago to decide";
  return html`<dl class="facts">
<dt>Person</dt><dd><bdi>${nameOf(principal)}</bdi></dd>
<dt>Provider</dt><dd><code>${principal.issuer}</code></dd>
<dt>Groups</dt><dd>${principal.groups.length === 0 ? "none" : principal.groups.join(", ")}</dd>
<dt>Roles here</dt><dd>${roles.length === 0 ? "none" : roles.join(", ")}</dd>
<dt>Signed in</dt><dd>${signedInAt === undefined ? "the provider does not say when" : `${utc(signedInAt)}, ${age}`}</dd>
</dl>`;
}
