import { bodyMatters, refineByBody, refineByQuery } from "./body/index.ts";
import type { Catalogue } from "./catalogue.ts";
import { type CatalogueFile, type OperationRow, parseCatalogueFile } from "./catalogue-file.ts";
import { canonicalHost, servicesOf } from "./host.ts";
import type { Knowledge, Service } from "./knowledge.ts";
import { compareClasses, type Operation } from "./operation.ts";
import { withMeaning } from "./rest/meaning.ts";
import {
  emptyWordList,
  growRouteTree,
  type PlacedRoute,
  type Route,
  type WordList,
} from "./rest/route-tree.ts";
import { parseTemplate } from "./rest/template.ts";
import { tokenHosts, understand } from "./rest/understand.ts";
import { answersOf, shapesOf } from "./secret-graph.ts";

/** One committed file, not yet parsed. */
export interface CatalogueSource {
  /** Host the file is about. */
  readonly service: string;
  readonly text: string;
}

export interface CatalogueOptions {
  /** Domains of the gateway's own under which `<api>.<domain>` stands for `<api>.googleapis.com`. */
  readonly universeDomains?: readonly string[];
}

/**
 * Makes a catalogue of committed files. A host's files are parsed when the host is first asked for: most processes
 * speak with a handful of the hundreds.
 */
export function openCatalogue(
  sources: readonly CatalogueSource[],
  { universeDomains = [] }: CatalogueOptions = {},
): Catalogue {
  const texts = new Map<string, string[]>();
  for (const { service, text } of sources) texts.set(service, [...(texts.get(service) ?? []), text]);
  const services = new Map<string, OpenService>();
  const words = emptyWordList();
  const service = (host: string): OpenService | undefined => {
    const known = services.get(host);
    if (known !== undefined) return known;
    const own = texts.get(host);
    if (own === undefined) return undefined;
    const opened = openService(own.map(parseCatalogueFile), words);
    services.set(host, opened);
    return opened;
  };
  const knowledge: Knowledge = {
    services: servicesOf([...texts.keys(), ...tokenHosts]),
    universeDomains,
    service,
  };
  const all = (): OpenService[] => [...texts.keys()].flatMap((host) => service(host) ?? []);
  return {
    understand: (line) =>
      refineByQuery(withMeaning(understand(line, knowledge), line, knowledge), line.headers),
    readsBody: bodyMatters,
    judgeBody: refineByBody,
    knowsHost: (host) => canonicalHost(host, knowledge) !== undefined,
    operation: (id) => worst(all().flatMap((each) => each.operation(id) ?? [])),
    operations: () => all().flatMap(({ operations }) => operations),
  };
}

interface OpenService extends Service {
  readonly operations: readonly Operation[];
}

function openService(files: readonly CatalogueFile[], words: WordList): OpenService {
  const operations: Operation[] = [];
  const routes: PlacedRoute[] = [];
  for (const file of files) {
    const operationOf = operationsIn(file);
    const slashes = new Set(file.slashes);
    for (const row of file.operations) {
      const operation = operationOf(row);
      operations.push(operation);
      routes.push(...routesOf(row, operation, slashes));
    }
  }
  const byId = indexById(operations);
  const tree = growRouteTree(files[0]?.service ?? "", routes, words);
  return { operations, tree, operation: (id) => byId.get(id) };
}

function operationsIn(file: CatalogueFile): (row: OperationRow) => Operation {
  const requests = shapesOf(file.secrets, "request");
  const answers = answersOf(file.secrets);
  return (row) => ({
    id: row.id,
    service: file.service,
    version: file.version,
    class: row.class,
    classReason: file.reasons[row.why] ?? "",
    flags: row.flags,
    aliases: row.aliases,
    requestSecrets: requests(row.request),
    responseSecrets: answers(row.response),
    volatileFields: row.volatile,
    capabilityField: row.capability,
    permission: row.permission,
    routes: row.http,
  });
}

const nothing: ReadonlySet<string> = new Set();

/** The paths of a method: its own, and those Google gives to uploads and downloads of bytes. */
function routesOf(row: OperationRow, operation: Operation, slashes: ReadonlySet<string>): PlacedRoute[] {
  const repeated = row.repeated.length === 0 ? nothing : new Set(row.repeated);
  const place = (method: string, path: string, media: Route["media"]): PlacedRoute => {
    const template = parseTemplate(path);
    const route: Route = {
      operation,
      resource: template.resource,
      media,
      isDownload: row.isDownload,
      slashes,
      repeated,
      projectParameter: row.project,
      documentSegments: documentSegmentsOf(operation.service, template.segments, path),
    };
    return { method, template, route };
  };
  return row.http.flatMap((text, index) => {
    const [method = "", path = ""] = text.split(" ");
    const routes = [place(method, path, undefined)];
    // `documents/**` is also the root itself: the first collection of a database hangs there.
    if (path.includes("/documents/**}/")) {
      routes.push(place(method, path.replace("/documents/**}/", "/documents}/"), undefined));
    }
    if (index > 0) return routes;
    if (row.isDownload) routes.push(place(method, `/download${path}`, "download"));
    if (row.upload !== undefined) {
      routes.push(place(method, row.upload, "upload"));
      routes.push(place(method, `/resumable${row.upload}`, "resumable_upload"));
    }
    return routes;
  });
}

/** Of Firestore's paths below `documents`, those that end in a collection's id have an odd number of segments there. */
function documentSegmentsOf(
  service: string,
  segments: readonly string[],
  path: string,
): Route["documentSegments"] {
  const isBelow = segments.includes("documents") && segments.at(-1) !== "documents";
  if (service !== "firestore.googleapis.com" || !isBelow) return undefined;
  return path.endsWith("/{collectionId}") ? "odd" : "even";
}

/** An id may exist in several versions; whoever asks by id alone gets the worst of them. */
function indexById(operations: readonly Operation[]): ReadonlyMap<string, Operation> {
  const byId = new Map<string, Operation>();
  for (const operation of operations) {
    const known = byId.get(operation.id);
    byId.set(operation.id, known === undefined ? operation : (worst([known, operation]) ?? operation));
  }
  return byId;
}

function worst(operations: readonly Operation[]): Operation | undefined {
  return operations.reduce<Operation | undefined>(
    (found, each) => (found === undefined || compareClasses(found.class, each.class) < 0 ? each : found),
    undefined,
  );
}
