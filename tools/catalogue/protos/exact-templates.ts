import { parseTemplate } from "../../../src/catalogue/rest/template.ts";
import type { Method } from "../intermediate.ts";
import { type Binding, keyOf } from "./binding.ts";
import { takes } from "./rest-routes.ts";

/**
 * Puts exact templates where a reader of REST methods had to guess. `bindings` are those of the method's host.
 * Only what leaves no choice: one template of the right shape, or one whose collections are those of the id.
 */
export function correctTemplate(method: Method, bindings: readonly Binding[]): Method {
  if (!method.isApproximate) return method;
  const guess = parseTemplate(method.template);
  const fitting = new Map<string, Binding>();
  for (const binding of bindings) {
    if (binding.verb !== method.verb || binding.path.verb !== guess.verb) continue;
    if (outlineOf(binding.template) !== outlineOf(method.template)) continue;
    if (takes(guess.segments, binding.path.segments)) fitting.set(keyOf(binding.verb, binding.path), binding);
  }
  const candidates = [...fitting.values()];
  const chain = method.id.split(".").slice(1, -1).join(".");
  const ofChain = candidates.filter((binding) => collectionsOf(binding) === chain);
  const [exact, ...others] = ofChain.length > 0 ? ofChain : candidates;
  if (exact === undefined || others.length > 0) return method;
  return { ...method, template: exact.template, isApproximate: false };
}

// What stands outside the variables: `/v1/{}/secrets`.
function outlineOf(template: string): string {
  return template.replace(/\{[^}]*\}/g, "{}");
}

// `/v1/projects/*/secrets/*` has the collections `projects.secrets`.
function collectionsOf({ path }: Binding): string {
  return path.segments
    .filter((segment, index) => !segment.startsWith("*") && !(index === 0 && /^v\d/.test(segment)))
    .join(".");
}
