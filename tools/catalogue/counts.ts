import type { CatalogueFile } from "../../src/catalogue/catalogue-file.ts";
import { carriedVersions } from "./carried.ts";
import type { CountedPattern, Curated } from "./curated.ts";

/**
 * Curated decisions that do not hold for what was read: a pattern that matches more or fewer ids than it says, an
 * override of a method that is not there, an alias that reads like somebody's id. Each is a sentence; none is the goal.
 * `unroutedIds` are rpcs no path leads to.
 */
export function findStaleDecisions(
  files: readonly CatalogueFile[],
  curated: Curated,
  unroutedIds: readonly string[],
): string[] {
  const verbs = new Map<string, Set<string>>();
  for (const { id, http } of files.flatMap(({ operations }) => operations)) {
    const known = verbs.get(id) ?? new Set<string>();
    for (const route of http) known.add(route.slice(0, route.indexOf(" ")));
    verbs.set(id, known);
  }
  // Called by POST, or as a REST method that has their path under another name: every verb is theirs.
  for (const id of unroutedIds) verbs.set(id, new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]));
  const waiting = apisWithoutInput(verbs);
  const patterns: readonly (readonly [string, readonly CountedPattern[]])[] = [
    ["privileged", curated.privileged],
    ["flags", curated.flags],
    ["aliases", curated.aliases],
    ["volatile-fields", curated.volatileFields],
    ["capabilities", curated.capabilities],
    ["downloads", curated.downloads],
  ];
  return [
    ...patterns.flatMap(([table, rules]) =>
      rules
        .filter(({ pattern }) => !waiting.has(prefixOf(pattern)))
        .flatMap((rule) => checkCount(table, rule, verbs)),
    ),
    ...checkOverrides(curated, verbs),
    ...checkAliases(curated, [...verbs.keys()]),
  ];
}

/** An alias must not read like an id: not be one, not begin one, and have the two segments no wildcard id has. */
function checkAliases({ aliases }: Curated, ids: readonly string[]): string[] {
  const names = [...new Set(aliases.map(({ alias }) => alias))];
  return names.flatMap((alias) => {
    if (!/^[a-z]+\.[a-zA-Z]+$/.test(alias)) return [`aliases.tsv: ${alias} is not of the form service.verb`];
    const like = ids.find((id) => id === alias || id.startsWith(`${alias}.`));
    return like === undefined ? [] : [`aliases.tsv: ${alias} reads like the id ${like}`];
  });
}

function checkCount(table: string, rule: CountedPattern, verbs: ReadonlyMap<string, unknown>): string[] {
  const found = [...verbs.keys()].filter((id) => rule.isMeant({ id, aliases: [] })).length;
  if (found === rule.count && (found > 0 || !isCarried(rule.pattern, verbs.keys()))) return [];
  return [`${table}.tsv: ${rule.pattern} says ${rule.count}, matches ${found}`];
}

/** Patterns over APIs that are not carried match nothing and wait for the day they are. */
function isCarried(pattern: string, ids: Iterable<string>): boolean {
  const api = prefixOf(pattern);
  return api.includes("*") || [...ids].some((id) => isOf(id, api));
}

/** APIs that should be carried and that no input has yet: what is decided about them waits for the day one does. */
function apisWithoutInput(verbs: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  const present = new Set([...verbs.keys()].map(prefixOf));
  return new Set(
    carriedVersions()
      .map(({ api }) => api)
      .filter((api) => !present.has(api)),
  );
}

/** Overrides of APIs that are not carried wait for the day they are. */
function checkOverrides(curated: Curated, verbs: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const carried = new Set([...verbs.keys()].map(prefixOf));
  return [...curated.overrides.values()]
    .filter(({ id }) => carried.has(prefixOf(id)))
    .filter(({ id, verb }) => verbs.get(id)?.has(verb) !== true)
    .map(({ id, verb }) => `overrides: there is no ${verb} ${id}`);
}

/** The API of an id or pattern; of those only the protos know, the package: `google.cloud.run.v2`, `google.cloud.kms`. */
function prefixOf(id: string): string {
  if (!id.startsWith("google.")) return id.slice(0, id.indexOf("."));
  return /^google(?:\.[a-z]\w*)*/.exec(id)?.[0] ?? id;
}

function isOf(id: string, prefix: string): boolean {
  return prefixOf(id) === prefix || (prefix.startsWith("google.") && id.startsWith(`${prefix}.`));
}
