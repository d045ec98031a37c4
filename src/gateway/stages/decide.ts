import type { Call } from "#catalogue";
import type { Connection } from "#connections";
import type { PolicyInput, Reason } from "#policy";
import type { DataPlanePorts } from "../data-plane-ports.ts";
import type { DecidedRequest, ReadRequest } from "../exchange.ts";
import { type Refusal, refusal } from "../refusal.ts";

export type DecidePorts = Pick<DataPlanePorts, "connections" | "decide" | "clock">;

/** Which connection carries it, and whether it may happen. Asked again before an approved call runs. */
export function decideStage(ports: DecidePorts) {
  return (request: ReadRequest): DecidedRequest | Refusal => {
    const { call, caller } = request;
    const wanted = { service: call.operation.service, project: call.resource.project };
    const choice = ports.connections.choose(caller, wanted);
    if (choice.kind === "refused") return refusal(choice.code, request, choice.detail);
    const billed = foreignBilling(call, choice.connection);
    if (billed !== undefined) return refusal("parameter_refused", request, billed);
    const connection = choice.connection.name;
    const connectionVersion = ports.connections.versionOf(connection) ?? "";
    // What Google issued through one identity is not used through another that got the connection's name.
    if (request.capability !== undefined && request.capability.connectionVersion !== connectionVersion)
      return refusal("capability_unknown", request, "issued through another connection than this is now");
    const decision = ports.decide(policyInput(request, connection, ports.clock.now()));
    const decided = { ...request, connection, connectionVersion, decision };
    if (decision.effect !== "deny") return decided;
    const deniers = decision.reasons.filter((reason) => reason.effect === "deny");
    const reasons = deniers.length > 0 ? deniers : decision.reasons;
    return refusal("policy_denied", decided, reasons.map(ruleName).join(", "), { say: inWords(reasons) });
  };
}

/** Whose project pays is the connection's business, in the query as in the header, however Google lets it be spelled. */
function foreignBilling({ query, repeatedQuery }: Call, { quotaProject }: Connection): string | undefined {
  for (const name of [...query.keys(), ...(repeatedQuery?.keys() ?? [])]) {
    if (!/^\$?user[_-]?project$/i.test(name)) continue;
    if (query.get(name) !== quotaProject) return `the query names a project to bill (${name})`;
  }
  return undefined;
}

function policyInput(request: ReadRequest, connection: string, time: Date): PolicyInput {
  const { caller, call } = request;
  return {
    principal: caller.principal,
    agent: caller.session.agent,
    sessionId: caller.session.id,
    connection,
    operation: call.operation,
    resource: call.resource,
    request: { method: request.method, host: call.host, time },
  };
}

export function ruleName({ policy, rule }: Reason): string {
  return `${policy}/${rule}`;
}

function inWords(reasons: readonly Reason[]): string {
  return reasons
    .map((reason) => `rule ${ruleName(reason)}${reason.message === undefined ? "" : `: ${reason.message}`}`)
    .join("; ");
}
