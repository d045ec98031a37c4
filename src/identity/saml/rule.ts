/** A message broke a rule. The sentence is for our log only. */
export class RuleBroken extends Error {}

/** Throws `RuleBroken` unless the rule holds. */
export function demand(holds: boolean, broken: string): asserts holds {
  if (!holds) throw new RuleBroken(broken);
}

/** Exactly one, or the rule is broken: of two, each reader could take another. */
export function only<Item>(items: readonly Item[], what: string): Item {
  const [item] = items;
  demand(items.length === 1 && item !== undefined, `${items.length} of ${what}, not one`);
  return item;
}
