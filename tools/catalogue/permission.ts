import type { Permission } from "../../src/catalogue/operation.ts";
import type { ApiVersion, Method } from "./intermediate.ts";

/** How one API names its permissions after its methods. */
export interface PermissionRule {
  /** First segment of the ids. */
  readonly api: string;
  /** First segment of the permissions, e.g. `cloudsql` for `sql`. */
  readonly service: string;
  /** Ends of ids, with or without the method, whose permissions are named in another way. */
  readonly except: readonly (readonly string[])[];
  /** Methods besides the standard ones that are a permission of the same name. */
  readonly verbs: ReadonlySet<string>;
}

/** The IAM permission a method asks for: as its description says, or else as its API names them; undefined when unsure. */
export function permissionOf(
  method: Method,
  version: ApiVersion,
  rules: ReadonlyMap<string, PermissionRule>,
): Permission | undefined {
  const described = describedPermission(method);
  if (described !== undefined) return { name: described, basis: "described" };
  const derived = derivedPermission(method, version, rules);
  return derived === undefined ? undefined : { name: derived, basis: "derived" };
}

const permission = "([a-z][a-z0-9]+\\.[a-z][A-Za-z0-9]*\\.[a-z][A-Za-z0-9]*)(?![\\w/(-]|\\.\\w)";

/** The ways in which Google's descriptions say what a method requires. */
const statements: readonly RegExp[] = [
  // "# IAM Permissions Requires the following IAM permission(s) to use this method: - `bigquery.datasets.update` on …"
  new RegExp(
    `\\brequires? [^.:]{0,80}\\bpermissions?(?:\\(s\\))?(?: to use this method)?: [-*] [\`"']?${permission}`,
    "gi",
  ),
  // "Authorization requires `spanner.instances.update` permission on …"
  new RegExp(`\\brequires? ?(?:the ?)?[\`"']?${permission}[\`"']? (?:IAM )?permission(?! to )`, "gi"),
  // "two permissions are required: * `apigee.deployments.create` on …"
  new RegExp(`\\bpermissions are required: [-*] [\`"']?${permission}`, "gi"),
  // "While `dns.changes.create` is the baseline permission required to invoke this method, …"
  new RegExp(`[\`"']?${permission}[\`"']? is the baseline permission required`, "gi"),
];

/**
 * What the description states without an if. Several resources may share one description (all of Spanner's IAM methods
 * do); then the permission of the method's own collection counts.
 */
function describedPermission({ id, description = "" }: Method): string | undefined {
  const stated = statements.flatMap((statement) =>
    [...description.matchAll(statement)].map((found) => ({
      name: found[1] ?? "",
      isConditional: /^(?:if|when|for|in addition|additionally)\b/i.test(
        description.slice(0, found.index).split(/[.!] /).at(-1)?.trimStart() ?? "",
      ),
    })),
  );
  const collection = id.split(".").at(-2);
  const own = stated.find(({ name }) => name.split(".")[1] === collection);
  return (own ?? stated.find(({ isConditional }) => !isConditional))?.name;
}

const standardVerbs: Readonly<Record<string, string>> = {
  create: "create",
  insert: "create",
  get: "get",
  list: "list",
  aggregatedList: "list",
  patch: "update",
  update: "update",
  delete: "delete",
  undelete: "undelete",
  getIamPolicy: "getIamPolicy",
  setIamPolicy: "setIamPolicy",
};

/** Of operations and locations the permissions follow no rule: some APIs name them, some count them to something else. */
const unruly = new Set(["operations", "locations"]);

function derivedPermission(
  { id }: Method,
  version: ApiVersion,
  rules: ReadonlyMap<string, PermissionRule>,
): string | undefined {
  const segments = id.split(".");
  const rule = rules.get(segments[0] ?? "");
  const [collection = "", name = ""] = segments.slice(-2);
  const verb = standardVerbs[name] ?? (rule?.verbs.has(name) === true ? name : undefined);
  if (rule === undefined || verb === undefined || segments.length < 3 || unruly.has(collection))
    return undefined;
  const chain = segments.slice(0, -1);
  if (rule.except.some((end) => endsWith(segments, end) || endsWith(chain, end))) return undefined;
  // `pubsub.projects.topics.subscriptions.list` asks something of the topic: a collection that can only be listed there
  // is not what it is elsewhere.
  if (verb === "list" && !isHome(chain.join("."), version)) return undefined;
  return `${rule.service}.${collection}.${verb}`;
}

function endsWith(segments: readonly string[], end: readonly string[]): boolean {
  return (
    end.length <= segments.length &&
    end.every((segment, index) => segments.at(index - end.length) === segment)
  );
}

/** Whether things of this collection are also read or made one by one under it. */
function isHome(chain: string, { methods }: ApiVersion): boolean {
  return ["get", "create", "insert", "delete"].some((name) =>
    methods.some(({ id }) => id === `${chain}.${name}`),
  );
}
