import type { z } from "zod";
import { problem, type ServerInfo, serverInfo, tokenError } from "#api";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";

/** The control plane understood us and said no. `next` is its advice, when it gave any. */
export class ControlPlaneRefusal extends GatehouseError {
  readonly status: number;
  readonly next: string | undefined;

  constructor(refusal: { status: number; code: string; message: string; next?: string | undefined }) {
    super(refusal.code, refusal.message);
    this.name = "ControlPlaneRefusal";
    this.status = refusal.status;
    this.next = refusal.next;
  }
}

export interface ControlCall<Shape extends z.ZodType> {
  /** Base URL of the control plane. */
  readonly url: string;
  readonly path: string;
  readonly answer: Shape;
  readonly bearer?: Secret;
  /** A form is posted as a form, `json` as JSON; neither means GET. */
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly timeoutMs?: number;
}

/**
 * One call of the control plane, parsed. Throws `ControlPlaneRefusal` for its refusals, `server_unreachable` when
 * nobody answers in time, `server_answer_invalid` for an answer that is not Gatehouse's.
 */
export async function callControlPlane<Shape extends z.ZodType>(
  call: ControlCall<Shape>,
): Promise<z.output<Shape>> {
  const { response, text } = await send(call);
  if (!response.ok) throw refusalOf(response.status, text, call.url);
  const parsed = call.answer.safeParse(jsonOrUndefined(text));
  if (!parsed.success) {
    throw new GatehouseError(
      "server_answer_invalid",
      `${call.url}${call.path} did not answer as a Gatehouse server of this version does. Check --url, or bring both to the same version.`,
      { cause: parsed.error },
    );
  }
  return parsed.data;
}

/** What the server says about itself; the first thing every command asks. */
export async function readServerInfo(url: string): Promise<ServerInfo> {
  return callControlPlane({ url, path: "/.well-known/gatehouse", answer: serverInfo });
}

async function send(call: ControlCall<z.ZodType>): Promise<{ response: Response; text: string }> {
  try {
    // Redirects are an error: a bearer token must not follow one to another host.
    const response = await fetch(new URL(call.path, call.url), {
      ...requestBody(call),
      redirect: "error",
      signal: AbortSignal.timeout(Math.ceil(call.timeoutMs ?? limits.controlTimeoutMs)),
    });
    return { response, text: await readText(response) };
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    throw new GatehouseError(
      "server_unreachable",
      `No Gatehouse server answers at ${call.url}. Start one with \`gatehouse serve\` (or \`npm start\` in its folder), or name another with --url or GATEHOUSE_URL.`,
      { cause: error },
    );
  }
}

function requestBody(call: ControlCall<z.ZodType>): RequestInit {
  const headers: Record<string, string> = { accept: "application/json" };
  if (call.bearer !== undefined) headers["authorization"] = `Bearer ${call.bearer.reveal()}`;
  if (call.form !== undefined) return { method: "POST", headers, body: new URLSearchParams(call.form) };
  if (call.json === undefined) return { method: "GET", headers };
  headers["content-type"] = "application/json";
  return { method: "POST", headers, body: JSON.stringify(call.json) };
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  let text = "";
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return text + decoder.decode();
    text += decoder.decode(next.value, { stream: true });
    if (text.length > limits.controlAnswerBytesMax) {
      await reader?.cancel();
      throw new GatehouseError("server_answer_invalid", "The server's answer is larger than any of ours.");
    }
  }
}

/** Our own problem shape, or OAuth's (RFC 6749 section 5.2), or a plain sentence about the status. */
function refusalOf(status: number, text: string, url: string): ControlPlaneRefusal {
  const body = jsonOrUndefined(text);
  const ours = problem.safeParse(body);
  if (ours.success) return new ControlPlaneRefusal({ status, ...ours.data.error });
  const oauth = tokenError.safeParse(body);
  if (oauth.success) {
    const { error: code, error_description: description } = oauth.data;
    return new ControlPlaneRefusal({ status, code, message: description ?? `The server answered ${code}.` });
  }
  const message = `${url} answered ${status}, and not as a Gatehouse server does.`;
  return new ControlPlaneRefusal({ status, code: "server_answer_invalid", message });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
