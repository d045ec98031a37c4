import type { Resource } from "../operation.ts";
import { type Parameters, squash } from "./parameters.ts";

/** Parameters that hold a resource name; where the path has one too, it is the same (Cloud Build, GKE and others). */
const names: ReadonlySet<string> = new Set(["name", "parent", "resource", "resourcename"]);
/** Parameters that hold the project alone. */
const projects: ReadonlySet<string> = new Set(["project", "projectid"]);

/**
 * The parameter that says another project than the path, as in `POST /v1/projects/a/builds?parent=projects/b/locations/c`.
 * The path is what is judged; what Google believes of two that contradict each other, it does not say. An id and a number
 * count as two projects: no client of Google's writes the same one both ways in one call.
 */
export function projectTwice(
  { values, repeated }: Parameters,
  { project }: Pick<Resource, "project">,
): string | undefined {
  if (project === undefined || values.size + repeated.size === 0) return undefined;
  const isOther = (name: string, value: string): boolean => {
    const said = projectSaid(squash(name), value);
    return said !== undefined && said !== project;
  };
  for (const [name, value] of values) if (isOther(name, value)) return name;
  for (const [name, each] of repeated) if (each.some((value) => isOther(name, value))) return name;
  return undefined;
}

/** A name that is no project's, such as that of a database user, says nothing, and neither does an empty field. */
function projectSaid(squashed: string, value: string): string | undefined {
  const named = /^\/*projects\/+([^/]*)/.exec(value)?.[1];
  if (names.has(squashed)) return named;
  return projects.has(squashed) && value !== "" ? (named ?? value) : undefined;
}
