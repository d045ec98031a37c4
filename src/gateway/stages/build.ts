import type { StrangerQuota } from "#lib/stranger-quota";
import type { CapabilityRegister } from "../capabilities.ts";
import { createCapabilityBinder } from "../capability-urls.ts";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { Stages } from "../pipeline.ts";
import type { RunningExchanges } from "../running-exchanges.ts";
import { approveStage } from "./approve.ts";
import { decideStage } from "./decide.ts";
import { forwardStage } from "./forward.ts";
import { identifyStage } from "./identify.ts";
import { maskStage } from "./mask.ts";
import { readBodyStage } from "./read-body.ts";
import { recordIntentStage } from "./record-intent.ts";
import { recordOutcomeStage } from "./record-outcome.ts";
import { refuseStage } from "./refuse.ts";
import { understandStage } from "./understand.ts";

/** State the stages share, owned by the data plane. */
export interface Shared {
  readonly capabilities: CapabilityRegister;
  readonly exchanges: RunningExchanges;
  readonly strangers: StrangerQuota;
  readonly draining: AbortSignal;
}

export function buildStages(ports: DataPlanePorts, shared: Shared): Stages {
  const { capabilities, exchanges, strangers, draining } = shared;
  const understand = understandStage({ catalogue: ports.catalogue, capabilities });
  const decide = decideStage(ports);
  return {
    identify: identifyStage({
      authenticator: ports.authenticator,
      capabilities,
      onIdentified: (exchangeId, sessionId) => exchanges.find(exchangeId)?.bind(sessionId) ?? false,
    }),
    understand,
    readBody: readBodyStage(ports),
    decide,
    approve: approveStage({ ...ports, understand, decide, draining }),
    recordIntent: recordIntentStage(ports),
    forward: forwardStage(ports),
    mask: maskStage({ ...ports, binder: createCapabilityBinder(capabilities, ports.catalogue) }),
    recordOutcome: recordOutcomeStage({
      ...ports,
      track: (exchangeId, work) => exchanges.find(exchangeId)?.track(work),
    }),
    refuse: refuseStage({ ...ports, strangers }),
  };
}
