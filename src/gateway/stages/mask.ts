import { headerValues } from "#lib/headers";
import { answerHeaders } from "../answer-headers.ts";
import type { CapabilityBinder } from "../capability-urls.ts";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { AnsweredExchange, MaskedExchange } from "../exchange.ts";
import { answerSubject } from "../masking-subjects.ts";
import { type Refusal, refusal } from "../refusal.ts";

export interface MaskPorts extends Pick<DataPlanePorts, "masking" | "connections"> {
  readonly binder: CapabilityBinder;
}

/** Takes out of the answer what the agent must not see. What cannot be searched reliably is not shown at all. */
export function maskStage(ports: MaskPorts) {
  return async (exchange: AnsweredExchange): Promise<MaskedExchange | Refusal> => {
    const withhold = (why: string): Refusal => {
      exchange.answer.body.on("error", () => undefined).destroy();
      return refusal("answer_withheld", exchange.request, why, { upstreamStatus: exchange.answer.status });
    };
    if (headerValues(exchange.answer.headers, "content-type").length > 1) {
      return withhold("the answer says twice what it is");
    }
    const bound = await ports.binder.bind(exchange);
    if (bound.kind === "withheld") return withhold(bound.detail);
    const fit = { ...exchange, answer: bound.answer };
    const subject = answerSubject(fit, ports, bound.handleField);
    const plan = ports.masking.plan(subject);
    if (plan.kind === "refuse") return withhold(plan.reason);
    const masking = plan.open();
    const headers = answerHeaders(fit.answer.headers, {
      isAltered: masking.alters,
      ownCredentials: subject.ownCredentials,
    });
    return { ...fit, headers, masking };
  };
}
