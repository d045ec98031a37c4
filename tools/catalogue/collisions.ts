import type { CatalogueFile } from "../../src/catalogue/catalogue-file.ts";
import { compareClasses, type RiskClass } from "../../src/catalogue/operation.ts";
import { parseTemplate } from "../../src/catalogue/rest/template.ts";

export interface RouteCounts {
  /** Ways to call a method: host, verb and path, whatever the path's variables are called. */
  readonly routes: number;
  /** Routes that several versions of one method share. */
  readonly repeated: number;
  /** Pairs of methods for which a path can be written that fits both; the one that says more of it is meant. */
  readonly overlaps: number;
  /** Those whose classes differ, each a sentence. */
  readonly differing: readonly string[];
  /** Those of them that no rule of precedence settles: by the milder method's id, the ids of worse ones. */
  readonly rivals: ReadonlyMap<string, readonly string[]>;
}

interface Claim {
  readonly id: string;
  readonly class: RiskClass;
  readonly route: string;
  readonly segments: readonly string[];
}

/** How often two methods could be meant by the same request line. */
export function countRoutes(files: readonly CatalogueFile[]): RouteCounts {
  const groups = new Map<string, Map<string, Claim>>();
  let repeated = 0;
  for (const { service, operations } of files) {
    for (const { id, class: riskClass, http } of operations) {
      for (const route of http) {
        const [verb = "", path = ""] = route.split(" ");
        const { segments, verb: custom } = parseTemplate(path);
        const group = `${service} ${verb} ${custom}`;
        const claims = groups.get(group) ?? new Map<string, Claim>();
        const key = `${id} ${segments.join("/")}`;
        if (claims.has(key)) repeated++;
        groups.set(group, claims.set(key, { id, class: riskClass, route, segments }));
      }
    }
  }
  const all = [...groups.values()].map((claims) => [...claims.values()]);
  const overlaps = all.flatMap(overlapping);
  const differing = overlaps.filter(([one, other]) => one.class !== other.class);
  return {
    routes: all.reduce((sum, { length }) => sum + length, 0),
    repeated,
    overlaps: overlaps.length,
    differing: differing.map(([one, other]) => `${inWords(one)} and ${inWords(other)}`),
    rivals: rivalsIn(differing),
  };
}

/** Where every path of one method fits the other too, the one that says more is meant; elsewhere nobody can say. */
function rivalsIn(pairs: readonly (readonly [Claim, Claim])[]): Map<string, string[]> {
  const rivals = new Map<string, string[]>();
  for (const [one, other] of pairs) {
    if (contains(one.segments, other.segments) || contains(other.segments, one.segments)) continue;
    const isMilder = compareClasses(one.class, other.class) < 0;
    const [milder, worse] = isMilder ? [one, other] : [other, one];
    rivals.set(milder.id, [...new Set([...(rivals.get(milder.id) ?? []), worse.id])]);
  }
  return rivals;
}

/** Whether every path that fits `special` fits `general`. */
function contains(general: readonly string[], special: readonly string[]): boolean {
  const [a, ...restOfGeneral] = general;
  const [b, ...restOfSpecial] = special;
  if (a === undefined || b === undefined) return a === b;
  if (a !== "**") return (a === b || (a === "*" && b !== "**")) && contains(restOfGeneral, restOfSpecial);
  return contains(restOfGeneral, restOfSpecial) || contains(general, restOfSpecial);
}

function inWords({ id, class: riskClass, route }: Claim): string {
  return `\`${id}\` (${riskClass}, \`${route}\`)`;
}

function overlapping(claims: readonly Claim[]): [Claim, Claim][] {
  return claims.flatMap((one, index) =>
    claims
      .slice(index + 1)
      .filter((other) => one.id !== other.id && fitsBoth(one.segments, other.segments))
      .map((other): [Claim, Claim] => [one, other]),
  );
}

/** Whether some path fits both shapes. `**` stands for one segment or more. */
function fitsBoth(one: readonly string[], other: readonly string[]): boolean {
  const [a, ...restOfOne] = one;
  const [b, ...restOfOther] = other;
  if (a === undefined || b === undefined) return a === b;
  if (a !== "*" && a !== "**" && b !== "*" && b !== "**" && a !== b) return false;
  return (
    fitsBoth(restOfOne, restOfOther) ||
    (a === "**" && fitsBoth(one, restOfOther)) ||
    (b === "**" && fitsBoth(restOfOne, other))
  );
}
