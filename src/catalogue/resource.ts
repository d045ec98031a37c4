import type { Resource } from "./operation.ts";
import { type Path, segmentAt, segmentEnd } from "./path.ts";
import type { ResourceSpan } from "./template.ts";

/** What a path is about, in the place the template says. */
export function resourceIn(
  path: Path,
  span: ResourceSpan | undefined,
  origin: Origin,
  projectAside: string | undefined,
): Resource | undefined {
  if (span?.isFixed === true && !path.hasEscapes) return readPlaces(path, span, origin, projectAside);
  const { service, location } = origin;
  const name = span === undefined ? [] : segmentsOfName(path, span);
  const endsInLiteral = span?.endsInLiteral ?? false;
  return resourceOf(name, { service, location, projectAside, endsInLiteral });
}

/** What a call without a name is about. */
export const noResource: Resource = {
  name: "",
  fullName: "",
  parent: "",
  type: "",
  project: undefined,
  location: undefined,
};

/** The same as `resourceOf` would say, without cutting up the name. */
function readPlaces(
  path: Path,
  span: ResourceSpan,
  origin: Origin,
  projectAside: string | undefined,
): Resource {
  const start = path.starts[span.before] ?? 0;
  const name = path.text.slice(start, segmentEnd(path, path.starts.length - span.after - 1));
  const parentEnd = span.parentEnd > span.before ? segmentEnd(path, span.parentEnd - 1) : start;
  return {
    name,
    fullName: `//${origin.service}/${name}`,
    parent: path.text.slice(start, parentEnd),
    type: span.type,
    project: placeAt(path, span.project) ?? projectAside,
    location: placeAt(path, span.location) ?? origin.location,
  };
}

/** `-` asks for all of them, and names none. */
function placeAt(path: Path, index: number): string | undefined {
  if (index < 0) return undefined;
  const text = segmentAt(path, index);
  return text === "-" ? undefined : text;
}

/**
 * The relative name of what a path is about, in segments: from its first variable, with the collection before it, to
 * its last.
 */
function segmentsOfName(path: Path, { before, after }: ResourceSpan): string[] {
  const names: string[] = [];
  for (let at = before; at < path.starts.length - after; at++)
    names.push(normaliseSegment(segmentAt(path, at)));
  return names;
}

/** Characters a segment may hold unescaped (RFC 3986 section 3.3, `pchar`). */
const segmentCharacter = /[A-Za-z0-9\-._~!$&'()*+,;=:@]/;

/** One spelling for one name: needless escapes are undone once, all others are written in capitals. */
export function normaliseSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  return segment.replace(/%[0-9A-Fa-f]{2}/g, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return segmentCharacter.test(character) ? character : encoded.toUpperCase();
  });
}

export interface Origin {
  /** Host of the service the operation belongs to, e.g. also where `www.googleapis.com` was asked. */
  readonly service: string;
  /** Location named by the host. */
  readonly location: string | undefined;
}

export interface ResourceOrigin extends Origin {
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
    switch (parts[at]) {
      case "locations":
      case "zones":
      case "regions":
        return parts[at + 1] === "-" ? undefined : parts[at + 1];
      case "global":
        // compute writes `projects/p/global/…` where others have a location.
        return at % 2 === 0 ? "global" : undefined;
    }
  }
  return undefined;
}
