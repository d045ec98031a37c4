import { type ClaimedDevice, shownUserCode } from "#identity";
import type { Visitor } from "../browser/visitor.ts";
import { type Html, html } from "./html.ts";
import { nameOf } from "./layout.ts";
import { utc } from "./moment.ts";

/** Asks for the code that a terminal shows. */
export function deviceCodePage({ formToken }: Visitor): Html {
  return html`<h1>Sign in a command</h1>
<p>A command that you started shows a code of eight letters. Type it here.</p>
<form method="post" action="/device">
<input type="hidden" name="form_token" value="${formToken}">
<label for="code">Code</label>
<input id="code" name="user_code" required autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="64">
<p class="buttons"><button class="approve">Go on</button></p>
</form>
<p class="soft">Never type a code that somebody sent you: it would sign their machine in as you.</p>`;
}

/** Says who asks, as far as it can be known, and does nothing until a person presses a button. */
export function deviceConfirmPage(device: ClaimedDevice, { actor, formToken }: Visitor): Html {
  return html`<h1>Sign in this command?</h1>
<p class="sentence">The command <bdi class="claim">${device.command}</bdi> on the machine <bdi class="claim">${device.machine}</bdi> asks
to open agents' sessions as <bdi>${nameOf(actor.principal)}</bdi>.</p>
<dl class="facts">
<dt>Code</dt><dd><code>${shownUserCode(device.userCode)}</code></dd>
<dt>Command</dt><dd><bdi class="claim">${device.command}</bdi>, as it calls itself</dd>
<dt>Machine</dt><dd><bdi class="claim">${device.machine}</bdi>, as it calls itself</dd>
<dt>Asked from</dt><dd><code>${device.address}</code></dd>
<dt>Asked</dt><dd>${utc(device.askedAt)}</dd>
<dt>As</dt><dd><bdi>${nameOf(actor.principal)}</bdi>, vouched for by <code>${actor.principal.issuer}</code></dd>
<dt>For</dt><dd>opening agents' sessions (<code>agent-user</code>), for twelve hours; never for approving, auditing or administering</dd>
</dl>
<p>If you did not start this command yourself a moment ago, or the code is not the one in your terminal, refuse.</p>
<form method="post" action="/device/decision">
<input type="hidden" name="form_token" value="${formToken}">
<input type="hidden" name="user_code" value="${device.userCode}">
<p class="buttons"><button class="approve" name="verdict" value="approve">Sign it in</button>
<button class="deny" name="verdict" value="refuse">Refuse</button></p>
</form>`;
}

export function deviceDonePage(isApproved: boolean): Html {
  return isApproved
    ? html`<h1>Signed in</h1><p>Go back to your terminal. You can close this window.</p>`
    : html`<h1>Refused</h1><p>The command has been told. Nothing was signed in.</p>`;
}
