import type { CapabilityRegister } from "../capabilities.ts";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { IdentifiedRequest, UnderstoodRequest } from "../exchange.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { decisiveHeader } from "../upstream-headers.ts";

export interface UnderstandPorts extends Pick<DataPlanePorts, "catalogue"> {
  readonly capabilities: Pick<CapabilityRegister, "find">;
}

/** What the request means. What the catalogue does not know is refused, never guessed. */
export function understandStage({ catalogue, capabilities }: UnderstandPorts) {
  return (request: IdentifiedRequest): UnderstoodRequest | Refusal => {
    const decisive = decisiveHeader(request.headers);
    if (decisive !== undefined) {
      return refusal("override_refused", request, decisive, { say: `the header ${decisive} is not taken` });
    }
    const understanding = catalogue.understand(request);
    switch (understanding.kind) {
      case "call":
        return {
          ...request,
          call: understanding.call,
          upstreamTarget: request.target,
          capability: undefined,
        };
      case "unknown":
        return refusal(understanding.code, request, understanding.detail);
      case "session_url": {
        const capability = capabilities.find(request, request.caller.session.id);
        if (capability === undefined) {
          return refusal("capability_unknown", request, "a URL that carries its own permission, not ours");
        }
        const upstreamTarget = `${capability.path}?${capability.query.reveal()}`;
        return { ...request, call: capability.call, upstreamTarget, capability };
      }
    }
  };
}
