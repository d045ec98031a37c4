import { z } from "zod";
import { sinkList, sinkMove, sinkMoved } from "#api";
import { requireActor, requirePermission } from "../asker.ts";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { onRecord } from "../on-record.ts";
import { ControlRefusal } from "../refusal.ts";
import { reasonOf } from "../stated-reason.ts";
import type { App } from "./app.ts";

const sinkParams = z.object({ name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/) });

/** How sinks are doing, and the one way past an entry that a receiver will never take: an administrator's, on record. */
export function addSinkRoutes(app: App, ports: ControlPlanePorts): void {
  const { sinks } = ports;
  const record = onRecord(ports);

  app.get("/api/v1/sinks", { schema: { response: { 200: sinkList } } }, async (request) => {
    requirePermission(await requireActor(request, ports), "sink.manage", ports);
    return { sinks: [...sinks.status()] };
  });

  const schema = { params: sinkParams, body: sinkMove, response: { 200: sinkMoved } };
  app.post("/api/v1/sinks/:name/cursor", { schema }, async (request) => {
    const actor = await requireActor(request, ports);
    requirePermission(actor, "sink.manage", ports);
    const { name } = request.params;
    const { to } = request.body;
    const reason = reasonOf(request.body);
    const by = actor.principal.email ?? actor.principal.subject;
    const moved = await sinks.move(name, to, (from) =>
      record({ kind: "sink.moved", detail: { sink: name, from, to, by, reason } }),
    );
    if (moved === undefined) throw new ControlRefusal("not_found", `sink ${name}, entry ${to}`, lookAtSinks);
    return { name, ...moved };
  });
}

const lookAtSinks =
  "No sink has that name, or the log has no such entry yet: gatehouse sinks list says which there are and how far each is.";
