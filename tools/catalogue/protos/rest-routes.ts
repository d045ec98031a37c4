import { type PathTemplate, parseTemplate } from "../../../src/catalogue/rest/template.ts";
import type { Method } from "../intermediate.ts";
import { type Binding, keyOf } from "./binding.ts";

interface RestRoute {
  readonly method: Method;
  readonly path: PathTemplate;
}

/** The REST routes of one host, asked by rpcs for their names. */
export interface RestRoutes {
  /** The method whose template takes exactly the paths of a binding. */
  equalTo(binding: Binding): Method | undefined;
  /** The method that would answer a sample path of a binding: the template with the most literals wins. */
  taking(binding: Binding): Method | undefined;
}

export function restRoutes(methods: readonly Method[]): RestRoutes {
  const byKey = new Map<string, Method>();
  const byEnd = new Map<string, RestRoute[]>();
  for (const method of methods) {
    const path = parseTemplate(method.template);
    const key = keyOf(method.verb, path);
    if (!byKey.has(key)) byKey.set(key, method);
    const end = `${method.verb} ${path.verb}`;
    byEnd.set(end, [...(byEnd.get(end) ?? []), { method, path }]);
  }
  return {
    equalTo: ({ verb, path }) => byKey.get(keyOf(verb, path)),
    taking: ({ verb, path }) => {
      // A guessed template takes paths that are not its method's.
      const taking = (byEnd.get(`${verb} ${path.verb}`) ?? []).filter(
        (route) => !route.method.isApproximate && takes(route.path.segments, path.segments),
      );
      taking.sort((one, other) => literalsIn(other.path) - literalsIn(one.path));
      return taking[0]?.method;
    },
  };
}

function literalsIn({ segments }: PathTemplate): number {
  return segments.filter((segment) => !segment.startsWith("*")).length;
}

/**
 * Whether a route takes the sample path of another template. One segment of the sample stands for `**`. A literal is
 * not taken for an id: a path that ends in `/authString` is not the one that ends in `/*`.
 */
export function takes(route: readonly string[], sample: readonly string[]): boolean {
  const [first, ...rest] = route;
  if (first === undefined) return sample.length === 0;
  if (first === "**") return sample.some((_, index) => takes(rest, sample.slice(index + 1)));
  const [segment, ...more] = sample;
  if (segment === undefined) return false;
  const isTaken = first === "*" ? segment === "*" || segment === "**" : first === segment;
  return isTaken && takes(rest, more);
}
