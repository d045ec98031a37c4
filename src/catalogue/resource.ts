import type { Resource } from "./operation.ts";

/** What a call without a name is about. */
export const noResource: Resource = {
  name: "",
  fullName: "",
  parent: "",
  type: "",
  project: undefined,
  location: undefined,
};

/** Characters a segment may hold unescaped (RFC 3986 section 3.3, `pchar`). */
const segmentCharacter = /[A-Za-z0-9\-._~!$&'()*+,;=:@]/;

/** One spelling for one name, of a segment or several: needless escapes are undone once, all others are written in capitals. */
export function normaliseSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  return segment.replace(/%[0-9A-Fa-f]{2}/g, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return segmentCharacter.test(character) ? character : encoded.toUpperCase();
  });
}

export interface ResourceOrigin {
  /** Host of the service the operation belongs to, e.g. also where `www.googleapis.com` was asked. */
  readonly service: string;
  /** Location named by the host. */
  readonly location: string | undefined;
  /** Project named outside the path, in a query parameter or header. */
  readonly projectAside: string | undefined;
  /** Whether the name ends in a fixed word rather than an id, e.g. `projects/p/settings`. */
  readonly endsInLiteral: boolean;
}

/** `undefined` when the name contradicts itself about its project. `parts` are the segments of the relative name. */
export function resourceOf(parts: readonly string[], origin: ResourceOrigin): Resource | undefined {
  const name = parts.join("/");
  const named = projectInName(parts);
  const owner = projectOfServiceAccount(parts);
  // Google finds a service account by its e-mail: whoever is allowed one project must not reach another by it.
  if (owner !== undefined && named !== undefined && contradict(named, owner)) return undefined;
  return {
    name,
    fullName: name === "" ? "" : `//${origin.service}/${name}`,
    parent: parentOf(name, origin.endsInLiteral),
    type: parts[parts.length - (origin.endsInLiteral ? 1 : 2)] ?? "",
    project: named ?? owner ?? origin.projectAside,
    location: locationOf(parts) ?? origin.location,
  };
}

function parentOf(name: string, endsInLiteral: boolean): string {
  const end = name.lastIndexOf("/");
  const before = endsInLiteral || end < 1 ? end : name.lastIndexOf("/", end - 1);
  return before < 0 ? "" : name.slice(0, before);
}

/** A project's number and its id cannot be compared. */
function contradict(one: string, other: string): boolean {
  return one !== other && !/^\d+$/.test(one) && !/^\d+$/.test(other);
}

function projectInName([collection, id]: readonly string[]): string | undefined {
  // `-` asks for all projects, or for the one the rest of the name tells.
  if (id === undefined || id === "-") return undefined;
  if (collection === "projects" || collection === "namespaces") return id;
  if (collection !== "policies") return undefined;
  // A deny policy hangs on a resource whose full name is one segment.
  return /^cloudresourcemanager\.googleapis\.com%2Fprojects%2F([a-z0-9:.-]+)$/.exec(id)?.[1];
}

/** Project of a service account's e-mail, as far as the e-mail tells. */
function projectOfServiceAccount(parts: readonly string[]): string | undefined {
  const email = parts[parts.indexOf("serviceAccounts") + 1];
  if (email === undefined || !email.endsWith(".gserviceaccount.com")) return undefined;
  const [, project, domain] =
    /@([a-z0-9-]+)((?:\.[a-z0-9-]+)*)\.iam\.gserviceaccount\.com$/.exec(email) ?? [];
  if (project !== undefined) return domain === "" ? project : `${domain?.slice(1)}:${project}`;
  return (
    /^(\d+)-compute@developer\.gserviceaccount\.com$/.exec(email)?.[1] ??
    /^([a-z0-9-]+)@appspot\.gserviceaccount\.com$/.exec(email)?.[1]
  );
}

function locationOf(parts: readonly string[]): string | undefined {
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (part === "locations" || part === "zones" || part === "regions") {
      return parts[at + 1] === "-" ? undefined : parts[at + 1];
    }
    // compute writes `projects/p/global/…` where others have a location.
    if (part === "global") return at % 2 === 0 ? "global" : undefined;
  }
  return undefined;
}
