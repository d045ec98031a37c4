import type { Resource } from "../operation.ts";
import { normaliseSegment, type ResourceOrigin, resourceOf } from "../resource.ts";
import { type Path, segmentAt, segmentEnd } from "./path.ts";
import type { ResourceSpan } from "./template.ts";

type Origin = Pick<ResourceOrigin, "service" | "location">;

/** What a path is about, in the place the template says. */
export function resourceIn(
  path: Path,
  span: ResourceSpan | undefined,
  origin: Origin,
  projectAside: string | undefined,
): Resource | undefined {
  if (span?.isFixed === true) return readPlaces(path, span, origin, projectAside);
  const { service, location } = origin;
  const name = span === undefined ? [] : segmentsOfName(path, span);
  const endsInLiteral = span?.endsInLiteral ?? false;
  return resourceOf(name, { service, location, projectAside, endsInLiteral });
}

/** The same as `resourceOf` would say, without cutting up the name. */
function readPlaces(
  path: Path,
  span: ResourceSpan,
  origin: Origin,
  projectAside: string | undefined,
): Resource {
  const start = path.starts[span.before] ?? 0;
  const name = normaliseSegment(
    path.text.slice(start, segmentEnd(path, path.starts.length - span.after - 1)),
  );
  const parentEnd = span.parentEnd > span.before ? segmentEnd(path, span.parentEnd - 1) : start;
  return {
    name,
    fullName: `//${origin.service}/${name}`,
    parent: normaliseSegment(path.text.slice(start, parentEnd)),
    type: span.type,
    project: placeAt(path, span.project) ?? projectAside,
    location: span.fixedLocation ?? placeAt(path, span.location) ?? origin.location,
  };
}

/** `-` asks for all of them, and names none. */
function placeAt(path: Path, index: number): string | undefined {
  if (index < 0) return undefined;
  const text = normaliseSegment(segmentAt(path, index));
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
