import { createStrangerQuota } from "#lib/stranger-quota";
import type { ControlPlanePorts } from "./control-plane-ports.ts";

/** Who tried to get in and did not. */
export interface RefusedSignIn {
  readonly where: "token_exchange" | "sign_in" | "back_channel_logout";
  readonly code: string;
  readonly detail: string;
  readonly address: string;
}

/** Longer is not a reason but something a stranger wrote. */
const detailCharsMax = 300;

/**
 * Puts refused sign-ins on record, as far as strangers may fill the log. A log that fails changes nothing for whoever is
 * refused anyway.
 */
export function refusedSignIns({
  auditLog,
  clock,
  log,
}: ControlPlanePorts): (refused: RefusedSignIn) => Promise<void> {
  const strangers = createStrangerQuota(clock);
  return async ({ where, code, detail, address }) => {
    log.info({ where, code, detail, address }, "a sign-in was refused");
    if (!strangers.take()) return;
    const said = {
      where,
      code,
      detail: detail.slice(0, detailCharsMax),
      address,
      othersUnlisted: strangers.unlisted(),
    };
    try {
      await auditLog.append({ kind: "auth.refused", detail: said });
    } catch (error) {
      log.error({ err: error }, "a refused sign-in could not be recorded");
    }
  };
}
