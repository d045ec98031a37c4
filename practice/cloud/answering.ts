import { answerBatch, isBatch } from "./batch.ts";
import { type ErrorShape, GoogleError } from "./google-error.ts";
import type { ArrivedRequest } from "./journal.ts";
import type { Received, RenderedAnswer } from "./received.ts";
import { type Answer, callFor, type Match, type Router } from "./router.ts";
import type { World } from "./world.ts";

/** What answering needs: the state, who answers what, and the two things tests look at. */
export interface CloudParts {
  readonly world: World;
  readonly router: Router;
  readonly note: (request: ArrivedRequest) => void;
  readonly plannedFailure: (
    request: Pick<ArrivedRequest, "method" | "host" | "path">,
  ) => GoogleError | undefined;
}

interface Target {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Answers one request. Google's errors are answers too; what is thrown is a bug or a broken connection. */
export async function answer(parts: CloudParts, received: Received): Promise<RenderedAnswer> {
  const target = targetOf(received);
  const match = parts.router.match(target.method, target.host, target.path);
  try {
    return render(await answerOrThrow(parts, received, { target, match }));
  } catch (error) {
    if (!(error instanceof GoogleError)) throw error;
    return renderError(error, match?.service.errors ?? parts.router.errorShape(target.host), target.host);
  }
}

function targetOf({ method, target, headers }: Received): Target {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const host = (headers.host ?? "").toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
  return { method, host, path, query: new URLSearchParams(query) };
}

interface Understood {
  readonly target: Target;
  readonly match: Match | undefined;
}

/** Permission is settled before the body is read: who may not come in cannot fill the memory either. */
async function answerOrThrow(
  parts: CloudParts,
  received: Received,
  { target, match }: Understood,
): Promise<Answer> {
  const { world, note } = parts;
  world.operations.settle();
  const arrived = { method: target.method, host: target.host, path: target.path, at: world.clock.now() };
  if (target.method === "POST" && target.path === "/token") {
    note({ ...arrived, authorized: false });
    return answerToken(world, await received.readBody());
  }
  const permission = permissionFor(world, received, { target, match });
  note({ ...arrived, authorized: permission === "granted" });
  if (permission !== "granted") throw permission;
  const failure = parts.plannedFailure(target);
  if (failure !== undefined) throw failure;
  if (isBatch(target)) {
    return answerBatch(received, await received.readBody(), (part) => answer(parts, part));
  }
  if (match === undefined) throw unknownMethod(target);
  requireProject(world, match);
  const body = await received.readBody();
  return match.route.answer(callFor(match, { ...target, headers: received.headers, body }));
}

function permissionFor(
  world: World,
  { headers }: Received,
  { target, match }: Understood,
): "granted" | GoogleError {
  if (world.credentials.holderOf(headers.authorization) !== undefined) return "granted";
  try {
    const call = match && callFor(match, { ...target, headers, body: Buffer.alloc(0) });
    if (call !== undefined && match?.route.isCapability?.(call) === true) return "granted";
  } catch (error) {
    if (error instanceof GoogleError) return error;
    throw error;
  }
  return unauthenticated(headers.authorization);
}

function unauthenticated(authorization: string | undefined): GoogleError {
  return authorization === undefined
    ? new GoogleError("UNAUTHENTICATED", "The request carries no credential.", "CREDENTIALS_MISSING")
    : new GoogleError(
        "UNAUTHENTICATED",
        "The request carries a credential that the practice cloud did not issue, or that has expired or was revoked.",
        "ACCESS_TOKEN_EXPIRED",
      );
}

function unknownMethod({ method, host, path }: Target): GoogleError {
  return new GoogleError(
    "NOT_FOUND",
    `The practice cloud has no ${method} ${path} on ${host}.`,
    "METHOD_NOT_FOUND",
  );
}

/** There is one project; `-` stands for any where an e-mail says more. */
function requireProject(world: World, match: Match): void {
  const project = match.params.get("project") ?? "-";
  if (![world.project.id, world.project.number, "-"].includes(project)) {
    throw new GoogleError(
      "PERMISSION_DENIED",
      `Permission denied on project ${project}, or it does not exist.`,
      "CONSUMER_INVALID",
    );
  }
}

async function answerToken(world: World, body: Buffer): Promise<Answer> {
  const result = await world.credentials.exchange(new URLSearchParams(body.toString("utf8")));
  return {
    status: "error" in result ? 400 : 200,
    headers: { "Cache-Control": "no-store" },
    body: { ...result },
  };
}

function render({ status, headers = {}, body = Buffer.alloc(0) }: Answer): RenderedAnswer {
  if (Buffer.isBuffer(body)) return { status, headers, body };
  return {
    status,
    headers: { ...headers, "Content-Type": "application/json; charset=UTF-8" },
    body: Buffer.from(`${JSON.stringify(body, null, 2)}\n`),
  };
}

function renderError(error: GoogleError, shape: ErrorShape, host: string): RenderedAnswer {
  const { contentType, text } = error.render(shape, host);
  const challenge = error.code === "UNAUTHENTICATED" ? { "WWW-Authenticate": 'Bearer realm="practice"' } : {};
  return {
    status: error.httpStatus,
    headers: { ...challenge, "Content-Type": contentType },
    body: Buffer.from(text),
  };
}
