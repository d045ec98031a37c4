import type { Confirmed, Custody, CustodyRequest, HoldSet, Requested } from "#custody";
import type { Principal } from "#identity";

/** Notes what it is asked, and answers what the test says. */
export interface ScriptedCustody extends Omit<Custody, "close"> {
  readonly asked: { readonly act: string; readonly auditor: Principal; readonly of: unknown }[];
  answer: Requested | undefined;
  confirmed: Confirmed | undefined;
  fails: Error | undefined;
}

export function scriptedCustody(): ScriptedCustody {
  const at = new Date("2026-11-24T12:00:00.000Z");
  const note = (act: string, auditor: Principal, of: unknown): void => {
    custody.asked.push({ act, auditor, of });
    if (custody.fails !== undefined) throw custody.fails;
  };
  const request = (act: CustodyRequest["act"], subject: string, requestedBy: Principal): Requested =>
    custody.answer ?? {
      kind: "requested",
      request: {
        id: "req_1",
        act,
        subject,
        reason: "why",
        requestedBy,
        requestedAt: at,
        isConfirmed: false,
      },
    };
  const custody: ScriptedCustody = {
    asked: [],
    answer: undefined,
    confirmed: undefined,
    fails: undefined,
    setHold: async (auditor, scope, reason): Promise<HoldSet> => {
      note("hold", auditor, { scope, reason });
      return { kind: "set", hold: { id: "hld_1", scope, reason, setBy: auditor, setAt: at } };
    },
    requestRelease: async (auditor, holdId, reason) => {
      note("release", auditor, { holdId, reason });
      return request("release", holdId, auditor);
    },
    requestErasure: async (auditor, sessionId, reason) => {
      note("erase", auditor, { sessionId, reason });
      return request("erase", sessionId, auditor);
    },
    confirm: async (auditor, requestId) => {
      note("confirm", auditor, { requestId });
      return custody.confirmed ?? { kind: "refused", code: "not_found" };
    },
    list: async () => ({ holds: [], requests: [] }),
  };
  return custody;
}
