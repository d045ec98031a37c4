import { identifierOf } from "./identifiers.ts";

/** What the package's JavaScript says of a method; the declarations say the rest. */
export interface ScannedMethod {
  readonly id: string;
  /** Class and method as the declarations name them, e.g. `Resource$Projects.get`. */
  readonly declaredAs: string;
  readonly verb: string;
  readonly host: string;
  /** Path with `{x}` and `{+x}` variables. */
  readonly path: string;
  readonly uploadPath: string | undefined;
}

/** Reads one `build/src/apis/<api>/<version>.js`. Throws when the file is not of the form we know. */
export function scanMethods(source: string, api: string, version: string): ScannedMethod[] {
  const classes = splitClasses(source);
  const chains = chainsOf(classes);
  const methods: ScannedMethod[] = [];
  for (const [name, body] of classes) {
    const chain = chains.get(name);
    if (chain === undefined) throw new Error(`${api} ${version}: no way leads to class ${name}`);
    for (const [method, text] of splitMethods(body)) {
      const id = identifierOf(api, version, [...chain, method]);
      methods.push({ id, declaredAs: `${name}.${method}`, ...readCall(text, `${api} ${version} ${id}`) });
    }
  }
  const calls = source.split("createAPIRequest)(parameters, callback)").length - 1;
  if (calls !== methods.length)
    throw new Error(`${api} ${version}: ${calls} calls but ${methods.length} methods`);
  return methods;
}

function splitClasses(source: string): Map<string, string> {
  const classes = new Map<string, string>();
  for (const [, name, body] of source.matchAll(/^ {4}class ([\w$]+) \{\n(.*?)^ {4}\}$/gms)) {
    if (name !== undefined && body !== undefined) classes.set(name, body);
  }
  return classes;
}

/** Follows `this.secrets = new Resource$Projects$Secrets(…)` from the root: class names lose the spelling of the chain. */
function chainsOf(classes: ReadonlyMap<string, string>): Map<string, readonly string[]> {
  const [root] = [...classes.keys()].filter((name) => !name.startsWith("Resource$"));
  const chains = new Map<string, readonly string[]>();
  const follow = (name: string, chain: readonly string[]): void => {
    chains.set(name, chain);
    for (const [, field, child] of (classes.get(name) ?? "").matchAll(
      /this\.(\w+) =\s+new (Resource\$[\w$]+)\(/g,
    )) {
      if (field !== undefined && child !== undefined) follow(child, [...chain, field]);
    }
  };
  if (root !== undefined) follow(root, []);
  return chains;
}

function splitMethods(body: string): [string, string][] {
  const starts = [...body.matchAll(/^ {8}(\w+)\(paramsOrCallback/gm)];
  return starts.map((start, index) => [start[1] ?? "", body.slice(start.index, starts[index + 1]?.index)]);
}

function readCall(text: string, where: string): Pick<ScannedMethod, "verb" | "host" | "path" | "uploadPath"> {
  const root = /rootUrl = options\.rootUrl \|\|\s+'https:\/\/([\w.-]+)\/'/.exec(text)?.[1];
  const path = /\burl: \(rootUrl \+\s*'([^']+)'\)/.exec(text)?.[1];
  const verb = /\bmethod: '([A-Z]+)'/.exec(text)?.[1];
  if (root === undefined || path === undefined || verb === undefined)
    throw new Error(`${where}: no call found`);
  const uploadPath = /\bmediaUrl: \(rootUrl \+\s*'([^']+)'\)/.exec(text)?.[1];
  return { verb, host: root, path, uploadPath };
}
