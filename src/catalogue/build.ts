import { bodyMatters, refineByBody, refineByQuery } from "./body/index.ts";
import type { Catalogue } from "./catalogue.ts";
import type { CatalogueFile, OperationRow } from "./catalogue-file.ts";
import { canonicalHost } from "./host.ts";
import type { Operation } from "./operation.ts";
import { compareClasses, growRouteTree, type Route, type RouteTree } from "./route-tree.ts";
import { answersOf, type ShapeSource, shapesOf } from "./secret-graph.ts";
import { parseTemplate } from "./template.ts";
import { type Knowledge, tokenHosts, understand } from "./understand.ts";

/** Makes a catalogue of generated files. Everything is built here; nothing changes after. */
export function buildCatalogue(files: readonly CatalogueFile[]): Catalogue {
  const operations: Operation[] = [];
  const routes = new Map<string, (readonly [string, Route])[]>();
  for (const file of files) {
    const shapes = { request: shapesOf(file.secrets, "request"), answer: answersOf(file.secrets) };
    const slashes = new Set(file.slashes);
    const ofHost = routes.get(file.service) ?? [];
    routes.set(file.service, ofHost);
    for (const row of file.operations) {
      const operation = operationOf(row, file, shapes);
      operations.push(operation);
      ofHost.push(...routesOf(row, operation, slashes));
    }
  }
  const trees = new Map<string, RouteTree>([...routes].map(([host, own]) => [host, growRouteTree(own)]));
  const byId = indexById(operations);
  const knowledge: Knowledge = {
    services: new Set([...trees.keys(), ...tokenHosts]),
    trees,
    operation: (id) => byId.get(id),
  };
  return {
    understand: (line) => refineByQuery(understand(line, knowledge)),
    readsBody: bodyMatters,
    judgeBody: refineByBody,
    knowsHost: (host) => canonicalHost(host, knowledge.services) !== undefined,
    operation: knowledge.operation,
    operations: () => operations,
  };
}

interface Shapes {
  readonly request: ShapeSource;
  readonly answer: ShapeSource;
}

function operationOf(row: OperationRow, file: CatalogueFile, shapes: Shapes): Operation {
  return {
    id: row.id,
    service: file.service,
    version: file.version,
    class: row.class,
    classReason: file.reasons[row.why] ?? "",
    flags: row.flags ?? [],
    aliases: row.aliases ?? [],
    requestSecrets: shapes.request(row.request),
    responseSecrets: shapes.answer(row.response),
    volatileFields: row.volatile ?? [],
    capabilityField: row.capability,
  };
}

/** The paths of a method: its own, and those Google gives to uploads and downloads of bytes. */
function routesOf(
  row: OperationRow,
  operation: Operation,
  slashes: ReadonlySet<string>,
): (readonly [string, Route])[] {
  const [method = "", path = ""] = row.http.split(" ");
  const repeated = new Set(row.repeated);
  const route = (template: string, media: Route["media"]): readonly [string, Route] => [
    method,
    { operation, template: parseTemplate(template), media, slashes, repeated, projectParameter: row.project },
  ];
  return [
    route(path, undefined),
    ...(row.upload === undefined
      ? []
      : [route(row.upload, "upload"), route(`/resumable${row.upload}`, "resumable_upload")]),
    ...(operation.flags.includes("media_download") ? [route(`/download${path}`, "download")] : []),
  ];
}

/** An id may exist in several versions; whoever asks by id alone gets the worst of them. */
function indexById(operations: readonly Operation[]): ReadonlyMap<string, Operation> {
  const byId = new Map<string, Operation>();
  for (const operation of operations) {
    const known = byId.get(operation.id);
    if (known === undefined || compareClasses(known.class, operation.class) < 0)
      byId.set(operation.id, operation);
  }
  return byId;
}
