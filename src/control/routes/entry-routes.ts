import { z } from "zod";
import { auditEntryDetail, auditEntryList, auditEntryQuery } from "#api";
import { limits } from "#lib/limits";
import { cursorText, entryDetailOf, entryOf, queryOf } from "../entry-views.ts";
import { ControlRefusal } from "../refusal.ts";
import { type Reading, requireRecordedRead } from "../require-auditor.ts";
import { type App, perMinute } from "./app.ts";
import { sendDownload } from "./download.ts";

/** Fifteen digits stay exact in a JSON number. */
const entryParams = z.object({
  index: z
    .string()
    .regex(/^(0|[1-9]\d{0,14})$/)
    .transform(Number),
});

/** Entries for auditors: found, shown and proven, each of it on record before the answer. */
export function addEntryRoutes(app: App, reading: Reading): void {
  const { entries, publishedLog } = reading.ports;

  const list = {
    schema: { querystring: auditEntryQuery, response: { 200: auditEntryList } },
    config: perMinute(limits.searchesPerMinuteMax),
  };
  app.get("/api/v1/audit/entries", list, async (request) => {
    await requireRecordedRead(request, { what: "entries", asked: askedOf(request.query) }, reading);
    const { entries: found, next } = await entries.find(queryOf(request.query));
    return { entries: found.map(entryOf), ...(next === undefined ? {} : { next: cursorText(next) }) };
  });

  const detail = { schema: { params: entryParams, response: { 200: auditEntryDetail } } };
  app.get("/api/v1/audit/entries/:index", detail, async (request) => {
    const { index } = request.params;
    await requireRecordedRead(request, { what: "entry", index }, reading);
    const entry = await entries.show(index);
    if (entry === undefined) throw new ControlRefusal("not_found", `entry ${index}`);
    return entryDetailOf(entry);
  });

  app.get(
    "/api/v1/audit/entries/:index/proof",
    { schema: { params: entryParams } },
    async (request, reply) => {
      const { index } = request.params;
      await requireRecordedRead(request, { what: "proof", index }, reading);
      const proof = await publishedLog.prove(index);
      const type = "text/plain; charset=utf-8";
      if (proof !== undefined)
        return sendDownload(reply, { type, name: `entry-${index}.proof`, content: proof });
      const isThere = (await entries.show(index)) !== undefined;
      throw new ControlRefusal(isThere ? "not_published" : "not_found", `proof of entry ${index}`);
    },
  );
}

/** What was looked for is part of what somebody learnt. */
function askedOf(query: z.infer<typeof auditEntryQuery>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
