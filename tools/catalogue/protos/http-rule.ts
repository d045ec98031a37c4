import type { z } from "zod";
import type { HttpBinding } from "./declarations.ts";
import { type DescribedMethod, httpRule } from "./descriptor.ts";

type Rule = z.infer<typeof httpRule>;

/** All values of one option, in the order they are written. */
export function optionsNamed(method: DescribedMethod, name: string): unknown[] {
  return (method.parsedOptions ?? []).flatMap((option) => (name in option ? [option[name]] : []));
}

/** The bindings of google.api.http, the first one first. Throws on a rule that names no path. */
export function bindingsOf(method: DescribedMethod): HttpBinding[] {
  return optionsNamed(method, "(google.api.http)").flatMap((option) => {
    const rule = httpRule.parse(option);
    const more = rule.additional_bindings ?? [];
    return [rule, ...(Array.isArray(more) ? more : [more])].map(bindingOf);
  });
}

const verbs = ["get", "put", "post", "delete", "patch"] as const;

function bindingOf(rule: Rule): HttpBinding {
  const body = rule.body ?? "";
  const verb = verbs.find((each) => rule[each] !== undefined);
  const template = verb === undefined ? rule.custom?.path : rule[verb];
  if (template === undefined) throw new Error(`an HTTP rule without a path: ${JSON.stringify(rule)}`);
  return { verb: (verb ?? rule.custom?.kind ?? "").toUpperCase(), template, body };
}
