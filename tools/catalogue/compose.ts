import type { CatalogueFile, OperationRow } from "../../src/catalogue/catalogue-file.ts";
import type { OperationFlag } from "../../src/catalogue/index.ts";
import { classify } from "./classify.ts";
import type { CountedPattern, Curated } from "./curated.ts";
import type { ApiVersion, Method } from "./intermediate.ts";
import { isLongRunning } from "./long-running.ts";
import { permissionOf } from "./permission.ts";
import { buildSecretGraph } from "./secrets.ts";

/** Turns one API version into what is committed. */
export function compose(version: ApiVersion, curated: Curated): CatalogueFile {
  const [service, ...others] = new Set(version.methods.map(({ host }) => host));
  if (service === undefined || others.length > 0) throw new Error(`${version.api}: not exactly one host`);
  const { graph } = buildSecretGraph(version, curated.secretFields);
  const reasons: string[] = [];
  const reasonIndex = (reason: string): number => {
    if (!reasons.includes(reason)) reasons.push(reason);
    return reasons.indexOf(reason);
  };
  const operations = version.methods.map((method): OperationRow => {
    const verdict = classify(method, curated);
    return {
      id: method.id,
      class: verdict.class,
      why: reasonIndex(verdict.reason),
      http: [`${method.verb} ${method.template}`, ...(method.moreRoutes ?? [])],
      ...extrasOf(method, version, curated),
      ...flagsOf(method, version, { curated, reasonIndex }),
      ...secretsOf(method, graph),
    };
  });
  operations.sort((a, b) => (a.id < b.id ? -1 : 1));
  const slashes = [...(curated.slashes.get(version.api) ?? [])];
  return {
    api: version.api,
    version: version.version,
    service,
    slashes,
    reasons,
    operations,
    secrets: graph,
  };
}

function extrasOf(
  method: Method,
  version: ApiVersion,
  curated: Curated,
): Omit<OperationRow, "id" | "class" | "why" | "http" | "flags" | "flagWhys"> {
  return {
    upload: method.uploadTemplate,
    aliases: [...new Set(meant(curated.aliases, method).map(({ alias }) => alias))],
    volatile: volatileFieldsOf(method, version, curated),
    capability: meant(curated.capabilities, method)[0]?.field,
    repeated: method.queryParameters.filter(({ isRepeated }) => isRepeated).map(({ name }) => name),
    project: namesProjectInQuery(method) ? "project" : undefined,
    permission: permissionOf(method, version, curated.permissions),
    rivals: [],
    isDownload: meant(curated.downloads, method).length > 0,
    isApproximate: method.isApproximate,
  };
}

function meant<T extends CountedPattern>(rules: readonly T[], method: Method): T[] {
  return rules.filter(({ isMeant }) => isMeant({ id: method.id, aliases: [] }));
}

interface Reasoning {
  readonly curated: Curated;
  /** Where a reason stands in the file. */
  readonly reasonIndex: (reason: string) => number;
}

function flagsOf(
  method: Method,
  version: ApiVersion,
  { curated, reasonIndex }: Reasoning,
): Pick<OperationRow, "flags" | "flagWhys"> {
  const whys = new Map<OperationFlag, number>();
  for (const { flag, reason } of meant(curated.flags, method)) {
    if (!whys.has(flag)) whys.set(flag, reasonIndex(reason));
  }
  if (isLongRunning(method, version)) whys.set("long_running", -1);
  if (method.uploadTemplate !== undefined || meant(curated.downloads, method).length > 0)
    whys.set("media", -1);
  const flags = [...whys].sort(([one], [other]) => (one < other ? -1 : 1));
  return { flags: flags.map(([flag]) => flag), flagWhys: flags.map(([, why]) => why) };
}

function volatileFieldsOf(method: Method, version: ApiVersion, curated: Curated): string[] {
  const fields = meant(curated.volatileFields, method).map(({ field }) => field);
  const inQuery = method.queryParameters.some(({ name }) => name === "requestId");
  const inBody = version.schemas.get(method.requestSchema ?? "")?.has("requestId") ?? false;
  return inQuery || inBody ? ["requestId", ...fields] : fields;
}

/**
 * Methods whose parameter `project` says whose the resource is. Named one by one: elsewhere it may say something else, and
 * a fence would believe it. `datacatalog.entries.lookup` ignores it unless the entry is looked up by its qualified name.
 */
const namedByQuery: ReadonlySet<string> = new Set([
  "clouddebugger.debugger.debuggees.list",
  "storage.buckets.insert",
  "storage.buckets.list",
]);

function namesProjectInQuery(method: Method): boolean {
  return (
    namedByQuery.has(method.id) &&
    !method.template.includes("{") &&
    method.queryParameters.some(({ name }) => name === "project")
  );
}

function secretsOf(method: Method, graph: CatalogueFile["secrets"]): Partial<OperationRow> {
  const { requestSchema, responseSchema } = method;
  return {
    ...(requestSchema !== undefined && requestSchema in graph ? { request: requestSchema } : {}),
    ...(responseSchema !== undefined && responseSchema in graph ? { response: responseSchema } : {}),
  };
}
