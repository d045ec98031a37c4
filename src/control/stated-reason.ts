import { cleanReason } from "#approvals";
import { ControlRefusal } from "./refusal.ts";

/** Why somebody does what takes a reason, as one plain line. Refuses with `reason_needed` when nothing readable is left. */
export function reasonOf({ reason }: { readonly reason: string }): string {
  const clean = cleanReason(reason);
  if (clean === undefined) throw new ControlRefusal("reason_needed");
  return clean;
}
