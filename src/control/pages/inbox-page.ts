import type { ApprovalRequest } from "#approvals";
import { type Html, html } from "./html.ts";
import { nameOf } from "./layout.ts";
import { leftUntil, utc } from "./moment.ts";
import { toneOf, wordsOf } from "./state-words.ts";

export function inboxPage(requests: readonly ApprovalRequest[], now: Date): Html {
  const waiting = requests.filter(({ state }) => state === "pending");
  const others = requests.filter(({ state }) => state !== "pending");
  return html`<h1>Approvals</h1>
<section aria-labelledby="waiting"><h2 id="waiting">Waiting for a decision</h2>
${waiting.length === 0 ? html`<p class="soft">Nothing waits for a decision.</p>` : table(waiting, now)}
</section>
${others.length === 0 ? undefined : html`<section aria-labelledby="earlier"><h2 id="earlier">Earlier</h2>${table(others, now)}</section>`}`;
}

function table(requests: readonly ApprovalRequest[], now: Date): Html {
  return html`<div class="scroll" role="region" aria-label="Approval requests" tabindex="0"><table class="requests">
<thead><tr><th scope="col">Request</th><th scope="col">State</th><th scope="col">Operation</th><th scope="col">Resource</th><th scope="col">For</th><th scope="col">Asked</th></tr></thead>
<tbody>${requests.map((request) => row(request, now))}</tbody>
</table></div>`;
}

function row(request: ApprovalRequest, now: Date): Html {
  const { id, state, operationId, resourceName, requester, createdAt, decideBy } = request;
  const clock = state === "pending" ? `, ${leftUntil(decideBy, now)} left` : "";
  return html`<tr>
<th scope="row"><a href="/approvals/${id}"><code>${id.slice(0, 12)}…${id.slice(-4)}</code></a></th>
<td><span class="tone-${toneOf(state)}">${wordsOf(state)}</span>${clock}</td>
<td><code>${operationId}</code></td><td><code>${resourceName}</code></td>
<td class="for"><bdi>${nameOf(requester)}</bdi></td><td>${utc(createdAt)}</td>
</tr>`;
}
