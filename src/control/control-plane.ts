import cookie from "@fastify/cookie";
import formbody from "@fastify/formbody";
import helmet from "@fastify/helmet";
import rateLimit from "@fastify/rate-limit";
import { fastify } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { isLoopbackHost } from "#lib/loopback";
import { auditReads } from "./audit-reads.ts";
import { addDeviceRoutes } from "./browser/device-routes.ts";
import { addPageRoutes } from "./browser/page-routes.ts";
import { openPendingSignIns } from "./browser/pending-sign-ins.ts";
import { addSamlRoutes } from "./browser/saml-routes.ts";
import { signInFinish } from "./browser/sign-in-finish.ts";
import { addSignInRoutes } from "./browser/sign-in-routes.ts";
import { addSignOutRoutes } from "./browser/sign-out-routes.ts";
import { openVisitors, type Visitors } from "./browser/visitor.ts";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { addErrorAnswers, addNotHereAnswer } from "./error-answers.ts";
import { ControlRefusal } from "./refusal.ts";
import type { App } from "./routes/app.ts";
import { addApprovalRoutes } from "./routes/approval-routes.ts";
import { addAuditRoutes } from "./routes/audit-routes.ts";
import { addBackChannelRoutes } from "./routes/back-channel-routes.ts";
import { addConsistencyRoute } from "./routes/consistency-route.ts";
import { addCustodyRoutes } from "./routes/custody-routes.ts";
import { addEntryRoutes } from "./routes/entry-routes.ts";
import { addExportRoutes } from "./routes/export-routes.ts";
import { addMeRoute } from "./routes/me-route.ts";
import { addOpenRoutes } from "./routes/open-routes.ts";
import { addSessionRoutes } from "./routes/session-routes.ts";
import { addSinkRoutes } from "./routes/sink-routes.ts";
import { addTokenRoutes } from "./routes/token-routes.ts";
import { tlsServerFactory } from "./tls-server.ts";

export interface ControlPlane {
  readonly url: string;
  /** The port it listens on, where 0 was asked for. */
  readonly port: number;
  /** Answers held requests with what is known, finishes the others, and stops listening. */
  close(): Promise<void>;
}

/** Throws `tls_required` for anything but loopback without TLS in front, and what listening throws. */
export async function openControlPlane(ports: ControlPlanePorts): Promise<ControlPlane> {
  requireProtectedListener(ports);
  const app = await buildControlPlane(ports);
  app.server.maxConnections = limits.clientConnectionsMax;
  await app.listen({ host: ports.listen.host, port: ports.listen.port });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : ports.listen.port;
  return { url: ports.url, port, close: () => app.close() };
}

/** The whole of it without a socket. */
export async function buildControlPlane(ports: ControlPlanePorts): Promise<App> {
  const isSecure = new URL(ports.url).protocol === "https:";
  const { tls } = ports.listen;
  const app = fastify({
    ...(tls === undefined ? {} : { serverFactory: tlsServerFactory(tls) }),
    bodyLimit: limits.controlBodyBytesMax,
    requestTimeout: limits.controlTimeoutMs,
    // A bearer token beside ordinary headers.
    http: {
      headersTimeout: limits.headersTimeoutMs,
      maxHeaderSize: limits.headerBytesMax + limits.tokenBytesMax,
    },
    routerOptions: { maxParamLength: 100 },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const visitors = openVisitors(ports);
  addErrorAnswers(app, ports, visitors);
  // In this order: refusals carry the same headers as answers, and know who is signed in.
  await app.register(helmet, helmetOptions(isSecure));
  await app.register(cookie);
  // RFC 6749 section 5.1 for tokens; audit data and pages are nobody's to keep either.
  app.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));
  addHostCheck(app, ports);
  await app.register(formbody, { bodyLimit: limits.controlBodyBytesMax });
  await app.register(rateLimit, {
    max: limits.controlRequestsPerMinuteMax,
    timeWindow: 60_000,
    // One household or laptop has a whole /64; without this it would have 2^64 quotas.
    ipv6Subnet: 64,
    errorResponseBuilder: () => new ControlRefusal("too_many_requests"),
  });
  addNotHereAnswer(app);
  addOpenRoutes(app, ports);
  addTokenRoutes(app, ports);
  const reads = auditReads(ports);
  addSessionRoutes(app, { ports, reads });
  addAuditRoutes(app, { ports, reads });
  addEntryRoutes(app, { ports, reads });
  addExportRoutes(app, { ports, reads });
  addConsistencyRoute(app, ports);
  addCustodyRoutes(app, { ports, reads });
  addApprovalRoutes(app, ports);
  addMeRoute(app, ports);
  addBackChannelRoutes(app, ports);
  addSinkRoutes(app, ports);
  addBrowserRoutes(app, ports, visitors);
  addPageRoutes(app, ports, visitors);
  return app;
}

function addBrowserRoutes(app: App, ports: ControlPlanePorts, visitors: Visitors): void {
  const pendingSignIns = openPendingSignIns(ports);
  const hall = { ports, visitors, pendingSignIns, finish: signInFinish(ports, visitors) };
  addSignInRoutes(app, hall);
  addSignOutRoutes(app, ports, visitors);
  addSamlRoutes(app, hall);
  addDeviceRoutes(app, ports, visitors);
}

function requireProtectedListener({ url, listen }: ControlPlanePorts): void {
  if (listen.tls !== undefined && new URL(url).protocol === "https:") return;
  const { protocol, hostname } = new URL(url);
  const isPlain = protocol !== "https:" && !isLoopbackHost(hostname);
  if (!isPlain && isLoopbackHost(listen.host)) return;
  throw new GatehouseError(
    "tls_required",
    `The control plane carries sign-ins and listens on ${listen.host} for ${url}. Without TLS in front of it, only a loopback address is safe: use 127.0.0.1.`,
  );
}

/**
 * A page elsewhere can let its own name lead to this address (DNS rebinding) and would then be of one origin with us.
 * Probes ask by address and learn nothing.
 */
function addHostCheck(app: App, { url }: ControlPlanePorts): void {
  const { host, hostname, port } = new URL(url);
  const aliases = isLoopbackHost(hostname) ? [`localhost:${port}`] : [];
  const served = new Set([host, ...aliases]);
  app.addHook("onRequest", async (request) => {
    const isProbe = request.url === "/healthz" || request.url === "/readyz";
    if (!isProbe && !served.has(request.host)) throw new ControlRefusal("wrong_host", request.host);
  });
}

/** Strict, since our pages have no script and load one style sheet. */
function helmetOptions(isSecure: boolean): Parameters<typeof helmet>[1] {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: "deny" },
    // Not `no-referrer`: browsers would then say `Origin: null` with our own forms (Fetch Standard, origin header).
    referrerPolicy: { policy: "same-origin" },
    strictTransportSecurity: isSecure ? { maxAge: 31_536_000 } : false,
  };
}
