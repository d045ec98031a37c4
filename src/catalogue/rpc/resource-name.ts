// Where the resource name stands in a request message, as the generator found it in the API's annotations.

/** How the text of a field becomes part of a name. */
export type FieldUse =
  /** A name of any number of segments. */
  | "name"
  /** One segment. */
  | "id"
  /** A whole number. */
  | "whole"
  /** One segment that may hold anything, written with percent escapes. */
  | "free";

export type NamePart =
  | { readonly literal: string }
  | {
      /** Field numbers from the outside in, joined by dots: `2.1`. */
      readonly field: string;
      readonly use: FieldUse;
    };

/** One way to name the resource; no parts where the message may name none. */
export type ResourceName = readonly NamePart[];

const uses: Readonly<Record<string, FieldUse>> = { "": "id", "=**": "name", "=#": "whole", "=%": "free" };

/**
 * Reads `5`, `projects/{1}/zones/{2}`, or several such apart by `|`; `-` names nothing. Throws on anything else: a
 * name read wrongly would be judged as another resource.
 */
export function parseResourceNames(text: string): readonly ResourceName[] {
  return text.split("|").map((each) => {
    if (each === "-") return [];
    if (/^\d+(?:\.\d+)*$/.test(each)) return [{ field: each, use: "name" }];
    const parts = each.split("/").map(parsePart);
    if (parts.every((part) => "literal" in part)) throw new Error(`"${each}" takes nothing from the message`);
    return parts;
  });
}

function parsePart(text: string): NamePart {
  const [, field, marker = ""] = /^\{(\d+(?:\.\d+)*)(=\*\*|=#|=%|)\}$/.exec(text) ?? [];
  const use = uses[marker];
  if (field !== undefined && use !== undefined) return { field, use };
  if (!/^[A-Za-z][\w-]*$/.test(text)) throw new Error(`"${text}" is no part of a resource name`);
  return { literal: text };
}
