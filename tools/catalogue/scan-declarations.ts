import ts from "typescript";
import type { FieldType, QueryParameter, Schema } from "./intermediate.ts";

/** What the package's declarations say of a method, under `Class.method`. */
export interface DeclaredMethod {
  readonly requestSchema: string | undefined;
  readonly responseSchema: string | undefined;
  /** Path and query alike. */
  readonly parameters: readonly QueryParameter[];
  /** Prose of its comment, in one line. */
  readonly description: string;
  /** Values of the parameters in the documented example. */
  readonly example: ReadonlyMap<string, string>;
}

export interface Declarations {
  readonly methods: ReadonlyMap<string, DeclaredMethod>;
  readonly schemas: ReadonlyMap<string, Schema>;
  /** Prose on fields that hold strings, by `Schema.field`. */
  readonly prose: ReadonlyMap<string, string>;
}

/** Reads one `build/src/apis/<api>/<version>.d.ts`. */
export function scanDeclarations(text: string, fileName: string): Declarations {
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, false);
  const schemas = new Map<string, Schema>();
  const prose = new Map<string, string>();
  const parameters = new Map<string, ts.InterfaceDeclaration>();
  const classes: ts.ClassDeclaration[] = [];
  for (const statement of namespaceStatements(file)) {
    if (ts.isInterfaceDeclaration(statement)) {
      const name = statement.name.text;
      if (name.startsWith("Schema$")) {
        schemas.set(name.slice(7), fieldsOf(statement.members));
        for (const [field, of] of proseOf(statement.members, text))
          prose.set(`${name.slice(7)}.${field}`, of);
      }
      if (name.startsWith("Params$")) parameters.set(name, statement);
    }
    if (ts.isClassDeclaration(statement)) classes.push(statement);
  }
  const methods = new Map<string, DeclaredMethod>();
  for (const each of classes)
    for (const [name, method] of methodsOf(each, text, parameters)) methods.set(name, method);
  return { methods, schemas, prose };
}

function namespaceStatements(file: ts.SourceFile): readonly ts.Statement[] {
  return file.statements.flatMap((statement) =>
    ts.isModuleDeclaration(statement) && statement.body !== undefined && ts.isModuleBlock(statement.body)
      ? [...statement.body.statements]
      : [],
  );
}

function fieldsOf(members: ts.NodeArray<ts.TypeElement>): Map<string, FieldType> {
  const fields = new Map<string, FieldType>();
  for (const member of members) {
    if (!ts.isPropertySignature(member) || member.type === undefined) continue;
    fields.set(nameOf(member.name), fieldTypeOf(member.type));
  }
  return fields;
}

function proseOf(members: ts.NodeArray<ts.TypeElement>, text: string): [string, string][] {
  return members.flatMap((member): [string, string][] => {
    if (!ts.isPropertySignature(member) || !/^(?:Array<)?string\b/.test(textOf(member.type, text))) return [];
    const comment = (ts.getLeadingCommentRanges(text, member.pos) ?? []).map(({ pos, end }) =>
      text.slice(pos, end),
    );
    return [[nameOf(member.name), readDescription(comment.join("\n"))]];
  });
}

function textOf(node: ts.Node | undefined, text: string): string {
  return node === undefined ? "" : text.slice(node.pos, node.end).trim();
}

function nameOf(name: ts.PropertyName): string {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : "";
}

function fieldTypeOf(type: ts.TypeNode): FieldType {
  if (ts.isUnionTypeNode(type)) {
    const [first] = type.types;
    return first === undefined ? { kind: "scalar" } : fieldTypeOf(first);
  }
  if (ts.isArrayTypeNode(type)) return fieldTypeOf(type.elementType);
  if (ts.isParenthesizedTypeNode(type)) return fieldTypeOf(type.type);
  if (ts.isTypeReferenceNode(type)) {
    const name = ts.isIdentifier(type.typeName) ? type.typeName.text : "";
    const [argument] = type.typeArguments ?? [];
    if (name === "Array" && argument !== undefined) return fieldTypeOf(argument);
    return name.startsWith("Schema$") ? { kind: "schema", name: name.slice(7) } : { kind: "any" };
  }
  if (ts.isTypeLiteralNode(type)) return literalTypeOf(type);
  return type.kind === ts.SyntaxKind.AnyKeyword ? { kind: "any" } : { kind: "scalar" };
}

function literalTypeOf(type: ts.TypeLiteralNode): FieldType {
  const [first] = type.members;
  if (first === undefined || !ts.isIndexSignatureDeclaration(first)) {
    return { kind: "object", fields: fieldsOf(type.members) };
  }
  const of = fieldTypeOf(first.type);
  return of.kind === "any" ? of : { kind: "map", of };
}

function methodsOf(
  declaration: ts.ClassDeclaration,
  text: string,
  parameters: ReadonlyMap<string, ts.InterfaceDeclaration>,
): Map<string, DeclaredMethod> {
  const methods = new Map<string, DeclaredMethod>();
  let description = "";
  let example: ReadonlyMap<string, string> = new Map();
  for (const member of declaration.members) {
    if (!ts.isMethodDeclaration(member)) continue;
    const key = `${declaration.name?.text ?? ""}.${nameOf(member.name)}`;
    // Only the first of the overloads carries the comment, only the second names the answer.
    const comment = (ts.getLeadingCommentRanges(text, member.pos) ?? []).map(({ pos, end }) =>
      text.slice(pos, end),
    );
    if (comment.length > 0) {
      example = readExample(comment.join("\n"));
      description = readDescription(comment.join("\n"));
    }
    const responseSchema = answerOf(member);
    if (responseSchema === undefined || methods.has(key)) continue;
    const declared = parameters.get(parametersName(member));
    methods.set(key, {
      requestSchema: requestOf(declared),
      responseSchema: responseSchema === "" ? undefined : responseSchema,
      parameters: queryParametersOf(declared),
      description,
      example,
    });
  }
  return methods;
}

/** The schema in `Promise<GaxiosResponseWithHTTP2<Schema$X>>`; "" when the answer has none, undefined for other overloads. */
function answerOf(member: ts.MethodDeclaration): string | undefined {
  const written = member.type;
  if (written === undefined || !ts.isTypeReferenceNode(written)) return undefined;
  const [wrapped] = written.typeArguments ?? [];
  if (wrapped === undefined || !ts.isTypeReferenceNode(wrapped)) return undefined;
  const [answer] = wrapped.typeArguments ?? [];
  if (answer === undefined) return undefined;
  if (!ts.isTypeReferenceNode(answer) || !ts.isIdentifier(answer.typeName)) return "";
  const name = answer.typeName.text;
  if (name === "Readable") return undefined;
  return name.startsWith("Schema$") ? name.slice(7) : "";
}

function parametersName(member: ts.MethodDeclaration): string {
  const type = member.parameters[0]?.type;
  return type !== undefined && ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName)
    ? type.typeName.text
    : "";
}

function requestOf(declared: ts.InterfaceDeclaration | undefined): string | undefined {
  const body = declared?.members.find(
    (member) => member.name !== undefined && nameOf(member.name) === "requestBody",
  );
  if (body === undefined || !ts.isPropertySignature(body) || body.type === undefined) return undefined;
  const type = fieldTypeOf(body.type);
  return type.kind === "schema" ? type.name : undefined;
}

function queryParametersOf(declared: ts.InterfaceDeclaration | undefined): QueryParameter[] {
  return (declared?.members ?? []).flatMap((member) => {
    if (!ts.isPropertySignature(member) || member.type === undefined) return [];
    const name = nameOf(member.name);
    if (name === "requestBody" || name === "media") return [];
    return [{ name, isRepeated: ts.isArrayTypeNode(member.type) }];
  });
}

/** The prose before the example and the parameters. */
function readDescription(comment: string): string {
  const text = comment.replace(/\*\/\s*$/gm, "").replace(/^\s*\/?\*+\/?/gm, "");
  return text
    .slice(0, /\n\s*@/.exec(text)?.index)
    .replace(/\s+/g, " ")
    .trim();
}

/** The string members of the call in `await api.chain.method({ … })`, path variables first. */
function readExample(comment: string): Map<string, string> {
  const text = comment.replace(/^\s*\* ?/gm, "");
  const call = /\bawait\s+[\w.\s]+\(\s*\{(.*?)^\s*\}\);/ms.exec(text)?.[1] ?? "";
  const values = new Map<string, string>();
  for (const [, name, value] of call.matchAll(/^\s*(\w+):\s*'([^']*)',?$/gm)) {
    if (name !== undefined && value !== undefined && !values.has(name)) values.set(name, value);
  }
  return values;
}
