import { type PathTemplate, parseTemplate } from "../../../src/catalogue/rest/template.ts";
import type { HttpBinding } from "./declarations.ts";

/** A variable of a path: the field it fills and the segments it takes. */
export interface PathVariable {
  /** Dotted, e.g. `secret.name`. */
  readonly field: string;
  /** `*` for one segment; otherwise e.g. `projects/*` or `**`. */
  readonly shape: string;
}

/** A binding in the form the catalogue uses. */
export interface Binding extends HttpBinding {
  readonly path: PathTemplate;
  readonly variables: readonly PathVariable[];
}

/** The catalogue's templates have no dotted variables: `{secret.name=projects/*}` becomes `{secret_name=projects/*}`. */
export function readBinding(binding: HttpBinding): Binding {
  const variables: PathVariable[] = [];
  const template = binding.template.replace(
    /\{([\w.]+)(?:=([^}]+))?\}/g,
    (_, field: string, shape: string | undefined) => {
      variables.push({ field, shape: shape ?? "*" });
      const name = field.replaceAll(".", "_");
      return shape === undefined || shape === "*" ? `{${name}}` : `{${name}=${shape}}`;
    },
  );
  return { ...binding, template, variables, path: parseTemplate(template) };
}

/** Equal for two templates that take the same paths, whatever their variables are called. */
export function keyOf(verb: string, path: PathTemplate): string {
  return `${verb} /${path.segments.join("/")}:${path.verb}`;
}
