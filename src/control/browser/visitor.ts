import { randomBytes, timingSafeEqual } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Actor, isMeant, type SignInOutcome } from "#identity";
import { limits } from "#lib/limits";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { ControlRefusal } from "../refusal.ts";
import { browserCookie } from "./cookies.ts";
import { Vault } from "./vault.ts";

/** Somebody signed in with this browser. */
export interface Visitor {
  /** Of this browser session; another after each sign-in, and never sent anywhere. */
  readonly id: string;
  readonly actor: Actor;
  /** Has to come back with every form. */
  readonly formToken: string;
}

/** What is kept of a browser session. Roles are worked out anew each time: groups may have lost them meanwhile. */
interface BrowserSession extends Pick<Visitor, "id" | "formToken"> {
  readonly signedIn: SignedIn;
}

type SignedIn = Extract<SignInOutcome, { kind: "signed_in" }>;

/** Who is signed in with which browser. */
export interface Visitors {
  find(request: FastifyRequest): Visitor | undefined;
  /** Signs in under a new cookie; whatever the browser brought along is forgotten (session fixation). */
  enter(request: FastifyRequest, reply: FastifyReply, signedIn: SignedIn): void;
  /** Ends this browser's session. Returns what it was signed in with. */
  leave(request: FastifyRequest, reply: FastifyReply): SignedIn | undefined;
  /** The visitor who sent this form from one of our pages. Throws `forged_form`, `sign_in_needed`. */
  requireForm(request: FastifyRequest, formToken: unknown): Visitor;
}

export function openVisitors(ports: ControlPlanePorts): Visitors {
  const { origin, protocol } = new URL(ports.url);
  const cookie = browserCookie("gatehouse_session", protocol === "https:");
  const caps = { max: limits.browserSessionsMax, lifeMs: limits.browserSessionLifeMs };
  const vault = new Vault<BrowserSession>(caps, ports.clock);
  const find = (request: FastifyRequest): Visitor | undefined => {
    const found = vault.get(cookie.read(request));
    if (found === undefined) return undefined;
    const { id, formToken, signedIn } = found;
    return { id, formToken, actor: ports.identity.actors.ofSignIn(signedIn.identity) };
  };
  ports.identity.signOuts.onEnd((whose) =>
    vault.removeWhere(({ signedIn }) => isMeant(signedIn.identity.principal, whose)),
  );
  return {
    find,
    enter: (request, reply, signedIn) => {
      vault.remove(cookie.read(request));
      const name = vault.put({
        id: randomBytes(32).toString("base64url"),
        signedIn,
        formToken: randomBytes(32).toString("base64url"),
      });
      cookie.write(reply, name, limits.browserSessionLifeMs);
    },
    leave: (request, reply) => {
      const found = vault.take(cookie.read(request));
      cookie.clear(reply);
      return found?.signedIn;
    },
    requireForm: (request, formToken) => {
      requireOwnOrigin(request, origin);
      const visitor = find(request);
      if (visitor === undefined)
        throw new ControlRefusal("sign_in_needed", "a form without a browser session");
      if (!isEqual(formToken, visitor.formToken))
        throw new ControlRefusal("forged_form", "another form token");
      return visitor;
    },
  };
}

/** Browsers say where a form comes from; one that does not say still has to know the token. */
function requireOwnOrigin(request: FastifyRequest, origin: string): void {
  const claimed = request.headers.origin;
  if (claimed !== undefined && claimed !== origin)
    throw new ControlRefusal("forged_form", `origin ${claimed}`);
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin")
    throw new ControlRefusal("forged_form", `site ${String(site)}`);
}

function isEqual(given: unknown, expected: string): boolean {
  if (typeof given !== "string") return false;
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
