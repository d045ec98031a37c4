import { z } from "zod";
import { limits } from "#lib/limits";
import { ControlRefusal } from "../refusal.ts";
import { type Reading, requireAuditor } from "../require-auditor.ts";
import { type App, perMinute } from "./app.ts";
import { sendDownload } from "./download.ts";

/** The log as C2SP tiles below `/api/v1/audit/log/`, so that any reader of those can be pointed at it. */
export function addAuditRoutes(app: App, reading: Reading): void {
  const { ports, reads } = reading;
  const subject = { what: "log" } as const;

  const options = {
    schema: { params: z.object({ "*": z.string().max(tilePathCharsMax) }) },
    config: perMinute(limits.tilesPerMinuteMax),
  };
  app.get("/api/v1/audit/log/tile/*", options, async (request, reply) => {
    await reads.exported(await requireAuditor(request, subject, reading), subject);
    const bytes = await ports.publishedLog.read(`tile/${request.params["*"]}`);
    if (bytes === undefined) throw new ControlRefusal("not_found", "no such tile");
    return sendDownload(reply, {
      type: "application/octet-stream",
      name: request.params["*"],
      content: Buffer.from(bytes),
    });
  });
}

/** `entries/`, five groups of four, and the width. */
const tilePathCharsMax = 60;
