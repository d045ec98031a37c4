import type { Catalogue, Operation } from "#catalogue";

/** One operation, whatever the number of its versions. */
export interface FoundOperation {
  readonly id: string;
  readonly versions: readonly string[];
  /** The worst of all versions. */
  readonly class: string;
  readonly flags: readonly string[];
  readonly aliases: readonly string[];
}

export interface Wanted {
  readonly text: string;
  readonly class?: string;
  readonly flag?: string;
}

/** Operations whose id or alias contains a text, whatever the case; by id. */
export function searchOperations(catalogue: Catalogue, wanted: Wanted): FoundOperation[] {
  const text = wanted.text.toLowerCase();
  const versions = new Map<string, Operation[]>();
  for (const operation of catalogue.operations()) {
    const names = [operation.id, ...operation.aliases];
    if (!names.some((name) => name.toLowerCase().includes(text))) continue;
    versions.set(operation.id, [...(versions.get(operation.id) ?? []), operation]);
  }
  return [...versions]
    .map(([id, all]) => merge(id, all, catalogue))
    .filter(
      (found) =>
        (wanted.class === undefined || found.class === wanted.class) &&
        (wanted.flag === undefined || found.flags.includes(wanted.flag)),
    )
    .sort((one, other) => (one.id < other.id ? -1 : 1));
}

function merge(id: string, all: readonly Operation[], catalogue: Catalogue): FoundOperation {
  return {
    id,
    versions: all.map(({ version }) => version),
    class: catalogue.operation(id)?.class ?? "unknown",
    flags: [...new Set(all.flatMap(({ flags }) => flags))],
    aliases: [...new Set(all.flatMap(({ aliases }) => aliases))],
  };
}
