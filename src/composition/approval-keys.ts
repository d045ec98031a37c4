import { fingerprint, matchKey } from "#approvals";
import type { ApprovalKeys, DecidedRequest } from "#gateway";
import { singleHeader } from "#lib/headers";

/** How the desk knows the gateway's requests: exactly, and when the same call is sent again. */
export const approvalKeys: ApprovalKeys = {
  fingerprint: (request, body) =>
    fingerprint({
      ...asker(request),
      sessionId: request.caller.session.id,
      connectionVersion: request.connectionVersion,
      host: request.host,
      method: request.method,
      target: request.target,
      body,
      policyVersion: request.decision.policyVersion,
    }),
  matchKey: (request, body) =>
    matchKey({
      ...asker(request),
      host: request.call.host,
      method: request.method,
      operationId: request.call.operation.id,
      resourceName: request.call.resource.name,
      query: request.call.query,
      repeatedQuery: request.call.repeatedQuery,
      contentType: singleHeader(request.headers, "content-type"),
      body,
      volatileFields: request.call.operation.volatileFields,
    }),
};

function asker({ caller, connection }: DecidedRequest) {
  return { principalId: caller.principal.id, agent: caller.session.agent, connection };
}
