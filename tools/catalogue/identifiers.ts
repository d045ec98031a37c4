// The package names methods by its class tree; policies and Google's documents use Discovery ids. These are the
// differences, complete for googleapis 188 (measured against Discovery).

const prefixes: ReadonlyMap<string, string> = new Map([
  ["sqladmin", "sql"],
  ["admin/directory_v1", "directory"],
  ["admin/reports_v1", "reports"],
  ["admin/datatransfer_v1", "datatransfer"],
  ["translate/v2", "language"],
  ["searchconsole", "webmasters"],
  ["customsearch", "search"],
  ["groupssettings", "groupsSettings"],
]);

const renamed: ReadonlyMap<string, string> = new Map([
  ["sql.connect.generateEphemeralCert", "sql.connect.generateEphemeral"],
  ["storage.operations.advanceRelocateBucket", "storage.buckets.operations.advanceRelocateBucket"],
  ["storage.operations.cancel", "storage.buckets.operations.cancel"],
  ["storage.operations.get", "storage.buckets.operations.get"],
  ["storage.operations.list", "storage.buckets.operations.list"],
]);

/** `chain` is the path through the class tree, method last. */
export function identifierOf(api: string, version: string, chain: readonly string[]): string {
  const prefix = prefixes.get(`${api}/${version}`) ?? prefixes.get(api) ?? api;
  // `logging.v2.getSettings` is `logging.getSettings` to Google: a version is no part of an id.
  const [first, ...rest] = chain;
  const path = first !== undefined && rest.length > 0 && /^v\d+\w*$/.test(first) ? rest : chain;
  const id = [prefix, ...path].join(".");
  return renamed.get(id) ?? id;
}

/** `pkg.Service/Method` as `pkg.Service.method`, so that `**.setIamPolicy` means the method wherever it is served. */
export function dottedId(id: string): string {
  const slash = id.indexOf("/");
  if (slash < 0) return id;
  return `${id.slice(0, slash)}.${id.charAt(slash + 1).toLowerCase()}${id.slice(slash + 2)}`;
}
