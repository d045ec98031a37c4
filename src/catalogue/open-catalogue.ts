import { bodyMatters, refineByBody, refineByQuery } from "./body/index.ts";
import type { Catalogue } from "./catalogue.ts";
import { type CatalogueFile, type OperationRow, parseCatalogueFile } from "./catalogue-file.ts";
import { canonicalHost, servicesOf } from "./host.ts";
import type { Knowledge, Service } from "./knowledge.ts";
import { compareClasses, type Operation } from "./operation.ts";
import { meaningOf } from "./rest/meaning.ts";
import {
  emptyWordList,
  growRouteTree,
  type PlacedRoute,
  type Route,
  type WordList,
} from "./rest/route-tree.ts";
import { parseTemplate } from "./rest/template.ts";
import { tokenHosts, understand } from "./rest/understand.ts";
import { openRpcs, type RpcSource, understandRpc } from "./rpc/index.ts";
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
  /** What is known of gRPC. */
  readonly rpcSources?: readonly RpcSource[];
}

/**
 * Makes a catalogue of committed files. A host's files are parsed when the host is first asked for: most processes
 * speak with a handful of the hundreds.
 */
export function openCatalogue(
  sources: readonly CatalogueSource[],
  { universeDomains = [], rpcSources = [] }: CatalogueOptions = {},
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
  const rpcs = openRpcs(rpcSources);
  const knowledge: Knowledge = {
    services: servicesOf([...texts.keys(), ...rpcs.hosts, ...tokenHosts]),
    universeDomains,
    recognised: new Map(),
    service,
  };
  const rpcKnowledge = {
    ...knowledge,
    rpcs,
    operation: (host: string, id: string) => service(host)?.operation(id),
  };
  const all = (): OpenService[] => [...texts.keys()].flatMap((host) => service(host) ?? []);
  // A look at the texts takes a few milliseconds; opening hundreds of hosts for one id would hold everybody up.
  const naming = (id: string): OpenService[] =>
    [...texts].flatMap(([host, own]) =>
      own.some((text) => text.includes(`\n${id}\t`)) ? (service(host) ?? []) : [],
    );
  return {
    understand: (line) => refineByQuery(understand(line, knowledge), line.headers),
    meaningOf: (line) => meaningOf(line, knowledge),
    readsBody: bodyMatters,
    judgeBody: refineByBody,
    knowsHost: (host) => canonicalHost(host, knowledge) !== undefined,
    operation: (id) =>
      worst([...naming(id).flatMap((each) => each.operation(id) ?? []), ...rpcs.ownOperationsNamed(id)]),
    operations: () => [...all().flatMap(({ operations }) => operations), ...rpcs.ownOperations()],
    understandRpc: (line) => understandRpc(line, rpcKnowledge),
    rpcsOf: rpcs.describe,
    findRpc: rpcs.find,
  };
}

interface OpenService extends Service {
  readonly operations: readonly Operation[];
}

function openService(files: readonly CatalogueFile[], words: WordList): OpenService {
  const operations: Operation[] = [];
  const routes: PlacedRoute[] = [];
  // Filled when all routes are known.
  const contested: (readonly [ids: readonly string[], rivals: PlacedRoute[]])[] = [];
  for (const file of files) {
    const operationOf = operationsIn(file);
    const slashes = new Set(file.slashes);
    for (const row of file.operations) {
      const operation = operationOf(row);
      operations.push(operation);
      const rivals: PlacedRoute[] = [];
      if (row.rivals.length > 0) contested.push([row.rivals, rivals]);
      routes.push(...routesOf(row, operation, { slashes, rivals }));
    }
  }
  const byId = indexById(operations);
  const rivalsOf = (id: string): PlacedRoute[] => routes.filter(({ route }) => route.operation.id === id);
  for (const [ids, rivals] of contested) rivals.push(...ids.flatMap(rivalsOf));
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
    flagReasons: flagReasonsOf(row, file.reasons),
    aliases: row.aliases,
    requestSecrets: requests(row.request),
    responseSecrets: answers(row.response),
    volatileFields: row.volatile,
    capabilityField: row.capability,
    permission: row.permission,
    routes: row.http,
  });
}

const noReasons: Operation["flagReasons"] = new Map();

function flagReasonsOf(
  { flags, flagWhys }: OperationRow,
  reasons: readonly string[],
): Operation["flagReasons"] {
  if (flagWhys.every((why) => why < 0)) return noReasons;
  return new Map(
    flags.flatMap((flag, index) => {
      const reason = reasons[flagWhys[index] ?? -1];
      return reason === undefined ? [] : [[flag, reason] as const];
    }),
  );
}

const nothing: ReadonlySet<string> = new Set();

/** The paths of a method: its own, and those Google gives to uploads and downloads of bytes. */
function routesOf(
  row: OperationRow,
  operation: Operation,
  { slashes, rivals }: Pick<Route, "slashes" | "rivals">,
): PlacedRoute[] {
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
      rivals,
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
