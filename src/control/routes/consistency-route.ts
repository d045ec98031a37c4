import { consistencyAnswer, consistencyQuery } from "#api";
import { limits } from "#lib/limits";
import { requireActor } from "../asker.ts";
import type { ControlPlanePorts } from "../control-plane-ports.ts";
import { ControlRefusal } from "../refusal.ts";
import { type App, perMinute } from "./app.ts";

/**
 * For helpers, which keep the newest checkpoint and ask whether the log has only grown since. For anybody with a session:
 * a proof is hashes, which tell of no entry what it says.
 */
export function addConsistencyRoute(app: App, ports: ControlPlanePorts): void {
  const options = {
    schema: { querystring: consistencyQuery, response: { 200: consistencyAnswer } },
    config: perMinute(limits.consistencyProofsPerMinuteMax),
  };
  app.get("/api/v1/audit/consistency", options, async (request) => {
    await requireActor(request, ports);
    const { publishedLog } = ports;
    const found = await publishedLog.consistency(request.query.from);
    if (found !== undefined) {
      return {
        checkpoint: found.checkpoint,
        proof: found.proof.map((hash) => Buffer.from(hash).toString("base64")),
      };
    }
    // A log that is shorter than somebody remembers has no proof to give; it says what it is, and they draw the conclusion.
    const checkpoint = await publishedLog.checkpoint();
    if (checkpoint === undefined) throw new ControlRefusal("not_found", "no checkpoint yet");
    return { checkpoint, proof: [] };
  });
}
