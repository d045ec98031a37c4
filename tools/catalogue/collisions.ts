import type { CatalogueFile } from "../../src/catalogue/catalogue-file.ts";
import { parseTemplate } from "../../src/catalogue/rest/template.ts";

export interface RouteCounts {
  /** Ways to call a method: host, verb and path, whatever the path's variables are called. */
  readonly routes: number;
  /** Routes that several versions of one method share. */
  readonly repeated: number;
  /** Routes that two methods claim; the worse class is believed. Each a sentence. */
  readonly claimedTwice: readonly string[];
}

/** How often two methods could be meant by the same request line. */
export function countRoutes(files: readonly CatalogueFile[]): RouteCounts {
  const claims = new Map<string, Map<string, string>>();
  let repeated = 0;
  for (const { service, operations } of files) {
    for (const { id, class: riskClass, http } of operations) {
      for (const route of http) {
        const key = `${service} ${shapeOf(route)}`;
        const ids = claims.get(key) ?? new Map<string, string>();
        if (ids.has(id)) repeated++;
        claims.set(key, ids.set(id, riskClass));
      }
    }
  }
  const claimedTwice = [...claims]
    .filter(([, ids]) => ids.size > 1)
    .map(([route, ids]) => `\`${route}\`: ${[...ids].map(([id, of]) => `\`${id}\` (${of})`).join(", ")}`);
  return { routes: claims.size, repeated, claimedTwice };
}

function shapeOf(route: string): string {
  const [verb = "", path = ""] = route.split(" ");
  const { segments, verb: custom } = parseTemplate(path);
  return `${verb} /${segments.join("/")}${custom === "" ? "" : `:${custom}`}`;
}
