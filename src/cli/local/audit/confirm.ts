import type { z } from "zod";
import { confirmation } from "#api";
import { printable } from "#cli";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { Settings } from "../../settings.ts";
import { signInAsAuditor } from "./auditor.ts";

/** The second auditor's word. What it is about is printed, since it cannot be taken back. */
export async function confirmRequest(
  id: string,
  person: string | undefined,
  settings: Settings,
): Promise<void> {
  if (!/^req_[A-Za-z0-9]+$/.test(id))
    throw new GatehouseError("usage_invalid", `${id} is not the id of a request; those begin with req_.`);
  const auditor = await signInAsAuditor(person, settings);
  const done = await auditor.ask(`/api/v1/audit/requests/${id}/confirmation`, confirmation, {});
  const { subject, requestedBy, reason } = done.request;
  const said =
    done.outcome === "erased"
      ? `Erased: the recordings of ${subject}, as ${requestedBy} asked (${reason}).${restText(done)}`
      : `Released: ${subject}, as ${requestedBy} asked (${reason}).`;
  settings.terminal.out(settings.isJson ? printableJson(done) : printable(said));
}

function restText({ isScrubbed, isLeftToVacuum }: z.infer<typeof confirmation>): string {
  if (isScrubbed !== false) return "";
  return isLeftToVacuum === true
    ? "\nPostgreSQL keeps the rows' earlier versions in its files until it vacuums them."
    : "\nWhat is left in the database's files, which could not be emptied at once, goes within the hour.";
}
