import { serverInfo } from "#api";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { ControlRefusal } from "../refusal.ts";
import type { App } from "./app.ts";
import { sendDownload } from "./download.ts";

/** What anybody may know: that we are here, how to find the way in, and what the log has promised. */
export function addOpenRoutes(app: App, ports: ControlPlanePorts): void {
  app.get("/healthz", async () => ({ status: "ok" }));

  app.get("/readyz", async (_request, reply) => {
    const parts = await ports.readiness();
    const isReady = parts.every((part) => part.isReady);
    return reply.status(isReady ? 200 : 503).send({ isReady, parts });
  });

  app.get(
    "/.well-known/gatehouse",
    { schema: { response: { 200: serverInfo } } },
    async () => ports.serverInfo,
  );

  app.get("/v1/ca.pem", async (_request, reply) =>
    sendDownload(reply, {
      type: "application/x-pem-file",
      name: "gatehouse-ca.pem",
      content: ports.serverInfo.caCertificatePem,
    }),
  );

  // The second is where readers of C2SP tiles look for it.
  for (const path of ["/api/v1/audit/checkpoint", "/api/v1/audit/log/checkpoint"]) {
    app.get(path, async (_request, reply) => {
      const checkpoint = await ports.publishedLog.checkpoint();
      if (checkpoint === undefined) throw new ControlRefusal("not_found", "no checkpoint yet");
      const type = "text/plain; charset=utf-8";
      return sendDownload(reply, { type, name: "checkpoint", content: checkpoint });
    });
  }
}
