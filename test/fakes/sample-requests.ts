import type { CallLine } from "#catalogue";
import { readGeneratedFiles } from "../../src/catalogue/load.ts";
import { parseTemplate } from "../../src/catalogue/rest/template.ts";

/** A request as a method's own description spells it. */
export interface SampleRequest extends CallLine {
  readonly id: string;
  readonly class: string;
}

/** One honest request for each way a method of the committed catalogue can be called. */
export function sampleRequests(): SampleRequest[] {
  return readGeneratedFiles().flatMap((file) =>
    file.operations.flatMap((row) => {
      const [method = ""] = row.http[0]?.split(" ") ?? [];
      const uploads = row.upload === undefined ? [] : [row.upload, `/resumable${row.upload}`];
      const routes = [...row.http, ...uploads.map((path) => `${method} ${path}`)];
      return routes.map((route) => {
        const [verb = "", path = ""] = route.split(" ");
        const target = fillIn(path, file.service);
        return { id: row.id, class: row.class, method: verb, host: file.service, target, headers: [] };
      });
    }),
  );
}

/** Whether a method hands out or looks into tokens: refused whatever else it is. */
export function handsOutTokens(id: string): boolean {
  return id.startsWith("sts.") || id === "oauth2.tokeninfo";
}

/** Ids no literal of any path is spelled like. */
function fillIn(template: string, service: string): string {
  const { segments, verb } = parseTemplate(template);
  const filled = segments.map((segment, index) => {
    if (segment === "*") return `x${index}`;
    if (segment !== "**") return segment;
    // Firestore counts: below `documents` a document has an even number of segments, a collection an odd one.
    const isDocument = service === "firestore.googleapis.com" && segments[index - 1] !== "documents";
    return isDocument ? `x${index}` : `x${index}/y${index}`;
  });
  return `/${filled.join("/")}${verb === "" ? "" : `:${verb}`}`;
}
