import type { NewEntry } from "#audit";
import { messageOf } from "#lib/errors";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { ControlRefusal } from "./refusal.ts";

/** Puts on record what must not happen without a trace; what cannot be recorded is refused. */
export function onRecord({
  auditLog,
  log,
}: Pick<ControlPlanePorts, "auditLog" | "log">): (entry: NewEntry) => Promise<void> {
  return async (entry) => {
    try {
      await auditLog.append(entry);
    } catch (error) {
      log.error({ err: error, kind: entry.kind }, "this could not be recorded and is refused");
      throw new ControlRefusal("audit_unavailable", messageOf(error));
    }
  };
}
