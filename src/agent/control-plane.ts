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

/** Where to and as whom. */
export interface ControlAddress {
  /** Base URL of the control plane. */
  readonly url: string;
  readonly path: string;
  readonly bearer?: Secret;
}

export interface ControlCall<Shape extends z.ZodType> extends ControlAddress {
  readonly answer: Shape;
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
  const { response, bytes } = await send(call, limits.controlAnswerBytesMax);
  const text = new TextDecoder().decode(bytes);
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

/** A file of the control plane, as it is; `undefined` when there is none. Throws as `callControlPlane` does. */
export async function readControlPlaneFile(
  address: ControlAddress,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const { response, bytes } = await send(address, bytesMax);
  if (response.status === 404) return undefined;
  if (response.ok) return bytes;
  throw refusalOf(response.status, new TextDecoder().decode(bytes), address.url);
}

/** What the server says about itself; the first thing every command asks. */
export async function readServerInfo(url: string): Promise<ServerInfo> {
  return callControlPlane({ url, path: "/.well-known/gatehouse", answer: serverInfo });
}

type Asked = ControlAddress & Partial<Pick<ControlCall<z.ZodType>, "form" | "json" | "timeoutMs">>;

async function send(call: Asked, bytesMax: number): Promise<{ response: Response; bytes: Uint8Array }> {
  try {
    // Redirects are an error: a bearer token must not follow one to another host.
    const response = await fetch(new URL(call.path, call.url), {
      ...requestBody(call),
      redirect: "error",
      signal: AbortSignal.timeout(Math.ceil(call.timeoutMs ?? limits.controlTimeoutMs)),
    });
    return { response, bytes: await readBytes(response, bytesMax) };
  } catch (error) {
    if (error instanceof GatehouseError) throw error;
    if (isCertificateFault(error)) throw notTrusted(call.url, error);
    throw new GatehouseError(
      "server_unreachable",
      `No Gatehouse server answers at ${call.url}. Start one with \`gatehouse serve\` (or \`npm start\` in its folder), or name another with --url or GATEHOUSE_URL.`,
      { cause: error },
    );
  }
}

/** OpenSSL's verdicts on certificates, as Node names them. */
const certificateFault = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/;

function isCertificateFault(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return (
    typeof cause === "object" &&
    cause !== null &&
    "code" in cause &&
    typeof cause.code === "string" &&
    certificateFault.test(cause.code)
  );
}

function notTrusted(url: string, cause: unknown): GatehouseError {
  return new GatehouseError(
    "server_not_trusted",
    `The certificate of ${url} is not trusted. If its operator gave you the certificate or its authority as a file, name that in NODE_EXTRA_CA_CERTS; otherwise do not go on.`,
    { cause },
  );
}

function requestBody(call: Asked): RequestInit {
  const headers: Record<string, string> = { accept: "application/json" };
  if (call.bearer !== undefined) headers["authorization"] = `Bearer ${call.bearer.reveal()}`;
  if (call.form !== undefined) return { method: "POST", headers, body: new URLSearchParams(call.form) };
  if (call.json === undefined) return { method: "GET", headers };
  headers["content-type"] = "application/json";
  return { method: "POST", headers, body: JSON.stringify(call.json) };
}

async function readBytes(response: Response, bytesMax: number): Promise<Uint8Array> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const next = await reader?.read();
    if (next === undefined || next.done) return Buffer.concat(chunks);
    chunks.push(next.value);
    length += next.value.byteLength;
    if (length > bytesMax) {
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
