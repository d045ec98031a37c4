import { type ApprovalRequest, withdrawalWords } from "#approvals";
import { type Actor, permissionOf } from "#identity";
import { limits } from "#lib/limits";
import type { Visitor } from "../browser/visitor.ts";
import { isSamePerson } from "../votes.ts";
import { type Html, html, lines } from "./html.ts";
import { nameOf } from "./layout.ts";
import { leftUntil, utc } from "./moment.ts";
import { toneOf, wordsOf } from "./state-words.ts";

export interface ApprovalPage {
  readonly request: ApprovalRequest;
  readonly visitor: Visitor;
  /** Why the operation is in its class, where the catalogue knows it. */
  readonly classReason: string | undefined;
  readonly now: Date;
}

export function approvalPage(page: ApprovalPage): Html {
  const { request } = page;
  return html`<p class="crumbs"><a href="/approvals">Approvals</a></p>
<h1><code>${request.id}</code></h1>
<p class="sentence">The agent <bdi class="claim">${request.agent}</bdi>, for <bdi>${nameOf(request.requester)}</bdi>, asks for
<code>${request.operationId}</code> on <code>${request.resourceName}</code>.</p>
<p><strong class="tone-${toneOf(request.state)}">${wordsOf(request.state)}${withdrawalOf(request)}</strong></p>
${facts(page)}
<section aria-labelledby="asked"><h2 id="asked">The request, masked</h2>
<p class="soft">Sent by the agent and not checked for truth. Exactly these bytes run, once; masked values are not shown to anybody.</p>
<pre tabindex="0" role="region" aria-labelledby="asked"><bdi>${lines(request.preview)}</bdi></pre>
<p class="soft">Fingerprint <code>${request.fingerprint}</code></p>
</section>
${votes(request)}
${request.state === "pending" ? decision(page) : undefined}`;
}

function withdrawalOf({ withdrawnBecause: because }: ApprovalRequest): string {
  return because === undefined ? "" : `: ${withdrawalWords[because]}`;
}

function facts({ request, classReason, now }: ApprovalPage): Html {
  const { requester, connection, operationClass, createdAt, decideBy, sessionId } = request;
  const why = classReason === undefined ? "" : `: ${classReason}`;
  return html`<section aria-labelledby="facts"><h2 id="facts">What is known</h2>
<dl class="facts">
<dt>Person</dt><dd><bdi>${nameOf(requester)}</bdi>, vouched for by <code>${requester.issuer}</code></dd>
<dt>Agent</dt><dd><bdi class="claim">${request.agent}</bdi>, as it calls itself</dd>
<dt>Session</dt><dd><code>${sessionId}</code></dd>
<dt>Connection</dt><dd><code>${connection}</code></dd>
<dt>Operation</dt><dd><code>${request.operationId}</code></dd>
<dt>Resource</dt><dd><code>${request.resourceName}</code></dd>
<dt>Class</dt><dd>${operationClass}${why}</dd>
<dt>Needs</dt><dd>${request.requirements.map(requirement)}</dd>
<dt>Asked</dt><dd>${utc(createdAt)}</dd>
<dt>Decide by</dt><dd>${utc(decideBy)}${request.state === "pending" ? `, ${leftUntil(decideBy, now)} left` : ""}</dd>
${executionTime(request)}
</dl></section>`;
}

function requirement({
  policy,
  rule,
  groups,
  approvals,
  each,
}: ApprovalRequest["requirements"][number]): Html {
  const everyGroup = each > 0 ? `, at least ${each} from each` : "";
  return html`<div><code>${policy}/${rule}</code>: ${approvals} of ${groups.join(", ")}${everyGroup}</div>`;
}

/** What was denied, or expired, or was withdrawn has no time left to be executed in. */
function executionTime(request: ApprovalRequest): Html | undefined {
  if (request.executeBy !== undefined) return html`<dt>Execute by</dt><dd>${utc(request.executeBy)}</dd>`;
  return request.state === "pending"
    ? html`<dt>Execute by</dt><dd>${executionWords(request)}</dd>`
    : undefined;
}

/** All requirements have to be kept, so the shortest time is the one that counts. */
function executionWords({ requirements }: ApprovalRequest): string {
  const shortestMs = Math.min(...requirements.map(({ executeWithinMs }) => executeWithinMs));
  return Number.isFinite(shortestMs) ? `within ${Math.floor(shortestMs / 60_000)} m of the approval` : "";
}

function votes({ votes: cast }: ApprovalRequest): Html | undefined {
  if (cast.length === 0) return undefined;
  const rows = cast.map(
    ({ approver, verdict, reason, at }) =>
      html`<li>${verdict === "approve" ? "Approved" : "Denied"} by <bdi>${nameOf(approver)}</bdi>, ${utc(at)}${
        reason === undefined ? undefined : html`: <q><bdi>${reason}</bdi></q>`
      }</li>`,
  );
  return html`<section aria-labelledby="votes"><h2 id="votes">Votes</h2><ul class="plain">${rows}</ul></section>`;
}

function decision(page: ApprovalPage): Html {
  return html`<section class="decide" aria-labelledby="decide"><h2 id="decide">Decide</h2>${ballot(page)}</section>`;
}

function ballot({ request, visitor, now }: ApprovalPage): Html {
  const { actor, formToken } = visitor;
  if (isSamePerson(request.requester, actor.principal)) {
    return html`<p>You asked for this yourself. Somebody else has to decide.</p>`;
  }
  if (hasVoted(request, actor)) return html`<p>You have voted. Each person counts once.</p>`;
  if (permissionOf(actor, "approval.vote", now) !== "granted") {
    return html`<p>Deciding needs somebody who signed in within the last five minutes.
<a class="button" href="/sign-in?fresh=1&amp;return=/approvals/${request.id}">Sign in again</a></p>`;
  }
  return html`<form method="post" action="/approvals/${request.id}">
<input type="hidden" name="form_token" value="${formToken}">
<input type="hidden" name="fingerprint" value="${request.fingerprint}">
<label for="reason">Reason <span class="soft">goes on record; on denial the agent reads it</span></label>
<input id="reason" name="reason" maxlength="${limits.approvalReasonCharsMax}" autocomplete="off">
<div class="buttons">
<button class="deny" name="verdict" value="deny">Deny</button>
<button class="approve" name="verdict" value="approve">Approve once</button>
</div></form>`;
}

function hasVoted({ votes: cast }: ApprovalRequest, { principal }: Actor): boolean {
  return cast.some(({ approver }) => isSamePerson(approver, principal));
}
