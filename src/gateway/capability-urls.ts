import { Readable } from "node:stream";
import type { Call, Catalogue } from "#catalogue";
import { singleHeader } from "#lib/headers";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import type { Capability, CapabilityRegister } from "./capabilities.ts";
import type { AnsweredExchange, RecordedRequest, UpstreamAnswer } from "./exchange.ts";
import { readWhole } from "./outgoing-body.ts";

/** The answer with every capability URL replaced by one bound to the session, or why it must be withheld. */
export type Bound =
  | {
      readonly kind: "bound";
      readonly answer: UpstreamAnswer;
      /** Member (dotted) that holds a handle of ours in place of what Google issued. */
      readonly handleField: string | undefined;
    }
  | { readonly kind: "withheld"; readonly detail: string };

export interface CapabilityBinder {
  bind(exchange: AnsweredExchange): Promise<Bound>;
}

export function createCapabilityBinder(
  register: CapabilityRegister,
  catalogue: Pick<Catalogue, "understand">,
): CapabilityBinder {
  function rewrite(url: string, kind: Capability["kind"], exchange: AnsweredExchange): string | undefined {
    const { request } = exchange;
    const parsed = parseCapabilityUrl(url, exchange);
    if (parsed === undefined || (kind === "resumable_upload" && parsed.host !== request.host))
      return undefined;
    const call = kind === "resumable_upload" ? request.call : signedCall(parsed, request.call);
    if (call === undefined) return undefined;
    const local = register.issue({
      kind,
      sessionId: request.caller.session.id,
      connectionVersion: request.connectionVersion,
      host: parsed.host,
      path: parsed.path,
      query: new Secret(parsed.query),
      call,
      isApproved: kind === "resumable_upload" && request.approvalId !== undefined,
    });
    return `${request.urlOf(parsed.host)}${local}`;
  }

  /**
   * What the signature permits: a write to the one object in its path, which the catalogue names as it names the same
   * path without a signature. The issuing call's project stands, for it made Google sign.
   */
  function signedCall(url: { host: string; path: string }, issuedBy: Call): Call | undefined {
    const line = { host: url.host, method: "PUT", target: url.path, headers: [] };
    const understanding = catalogue.understand(line);
    if (understanding.kind !== "call") return undefined;
    const { call } = understanding;
    return { ...call, resource: { ...call.resource, project: issuedBy.resource.project } };
  }

  async function bindBody(exchange: AnsweredExchange, field: string): Promise<Bound> {
    const { answer } = exchange;
    const type = singleHeader(answer.headers, "content-type") ?? "";
    const encoding = singleHeader(answer.headers, "content-encoding") ?? "identity";
    if (!/^application\/json\b/i.test(type) || encoding !== "identity") {
      return withheld("an answer that should carry an upload URL is not plain JSON");
    }
    const bytes = await readWhole(answer.body, limits.capabilityAnswerBytesMax);
    if (bytes === undefined) return withheld("an answer that should carry an upload URL is too large");
    const rewritten = rewriteMember(bytes, field.split("."), (url) => rewrite(url, "signed_url", exchange));
    if (rewritten === undefined) return withheld("the upload URL in the answer cannot be bound to a session");
    return { kind: "bound", answer: withBody(answer, rewritten), handleField: field };
  }

  function bindLocation(exchange: AnsweredExchange, answer: UpstreamAnswer): UpstreamAnswer {
    const headers = answer.headers.flatMap(([name, value]): [string, string][] => {
      if (name.toLowerCase() !== "location") return [[name, value]];
      const isSession = isResumableStart(exchange.request, answer) && /[?&]upload_id=/.test(value);
      const url = isSession
        ? rewrite(value, "resumable_upload", exchange)
        : withoutPower(value, exchange.request);
      return url === undefined ? [] : [[name, url]];
    });
    return { ...answer, headers };
  }

  return {
    bind: async (exchange) => {
      const field = exchange.request.call.operation.capabilityField;
      const isSuccess = exchange.answer.status >= 200 && exchange.answer.status < 300;
      const bound: Bound =
        field !== undefined && isSuccess && exchange.request.capability === undefined
          ? await bindBody(exchange, field)
          : { kind: "bound", answer: exchange.answer, handleField: undefined };
      if (bound.kind === "withheld") return bound;
      return { ...bound, answer: bindLocation(exchange, bound.answer) };
    },
  };
}

function withheld(detail: string): Bound {
  return { kind: "withheld", detail };
}

function isResumableStart(request: RecordedRequest, answer: UpstreamAnswer): boolean {
  return answer.status >= 200 && answer.status < 300 && request.call.media === "resumable_upload";
}

/**
 * A Location we did not bind passes only if it carries no query, where permissions travel; and under the name by which
 * the client came, for Google's own would lead it past us.
 */
function withoutPower(url: string, { urlOf }: RecordedRequest): string | undefined {
  if (url.includes("?")) return undefined;
  return url.replace(/^https:\/\/([a-z0-9.-]+\.googleapis\.com)(?=\/|$)/i, (_, host: string) =>
    urlOf(host.toLowerCase()),
  );
}

/** Emulators issue URLs with their own host and port; those mean the host the client asked for. */
function parseCapabilityUrl(
  url: string,
  { request, answer }: AnsweredExchange,
): { host: string; path: string; query: string } | undefined {
  const [, authority, path, query] = /^https?:\/\/([A-Za-z0-9.:-]+)(\/[^?#\s]*)\?([^#\s]+)$/.exec(url) ?? [];
  if (authority === undefined || path === undefined || query === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(path + query)) return undefined;
  const host = authority.toLowerCase();
  return { host: host === answer.authority ? request.host : host, path, query };
}

/**
 * Replaces one member of a JSON object. The rest is written anew from what was parsed, so that a second member of the
 * same name, which a laxer reader might prefer, is gone.
 */
function rewriteMember(
  bytes: Uint8Array,
  path: readonly string[],
  replace: (url: string) => string | undefined,
): Uint8Array | undefined {
  const root = parseJson(bytes);
  let parent: unknown = root;
  for (const name of path.slice(0, -1)) parent = isObject(parent) ? parent[name] : undefined;
  const last = path.at(-1);
  if (last === undefined || !isObject(parent)) return undefined;
  const url = parent[last];
  const replacement = typeof url === "string" ? replace(url) : undefined;
  if (replacement === undefined) return undefined;
  parent[last] = replacement;
  return Buffer.from(JSON.stringify(root));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function withBody(answer: UpstreamAnswer, bytes: Uint8Array): UpstreamAnswer {
  const headers = answer.headers.filter(([name]) => name.toLowerCase() !== "content-length");
  return {
    ...answer,
    headers: [...headers, ["content-length", String(bytes.length)]],
    body: Readable.from([bytes]),
  };
}
