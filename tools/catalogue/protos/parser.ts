import { createRequire } from "node:module";
import { type DescribedScope, describedScope } from "./descriptor.ts";

/** As much of protobufjs as is used. */
interface Protobufjs {
  readonly Root: new () => { toJSON(): unknown };
  parse(text: string, root: object, options: { keepCase: boolean }): { readonly package?: unknown };
}

// Not an import: the library is an input of the generator and absent from the default install, types included.
const requireInput = createRequire(import.meta.url);

export interface ParsedFile {
  /** "" when the file names none. */
  readonly package: string;
  /** The scope outside all packages. */
  readonly scope: DescribedScope;
}

/** Makes a parser of .proto texts. Each text by itself: names of other files stay as written. */
export function loadParser(): (text: string) => ParsedFile {
  const library: unknown = requireInput("protobufjs");
  if (!isProtobufjs(library))
    throw new Error("protobufjs is not what it was; look at tools/catalogue/protos");
  return (text) => {
    const root = new library.Root();
    const { package: name } = library.parse(text, root, { keepCase: true });
    return { package: typeof name === "string" ? name : "", scope: describedScope.parse(root.toJSON()) };
  };
}

function isProtobufjs(value: unknown): value is Protobufjs {
  if (typeof value !== "object" || value === null) return false;
  return (
    "Root" in value &&
    typeof value.Root === "function" &&
    "parse" in value &&
    typeof value.parse === "function"
  );
}
