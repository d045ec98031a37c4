import type { SecretShape } from "#lib/secret-shape";
import type { SecretGraph } from "./catalogue-file.ts";

/** The shapes of one API version in one direction; schemas without secrets have none. */
export type ShapeSource = (schema: string | undefined) => SecretShape | undefined;

export type Direction = "request" | "answer";

type Fields = SecretGraph[string];
type Mark = "strict" | "strict_bytes" | "bag";
type FieldShape = Mark | SecretShape;

/** Builds shapes from a committed graph. */
export function shapesOf(graph: SecretGraph, direction: Direction): ShapeSource {
  return openShapes(graph, direction).shapeOf;
}

/**
 * The same for answers as they really come: a method that fails answers with `error` instead of its schema, and the
 * details of a google.rpc.Status are objects of any type, of those with secrets as well.
 */
export function answersOf(graph: SecretGraph): ShapeSource {
  const { shapeOf, ofType } = openShapes(graph, "answer");
  const failure: SecretShape = { fields: new Map([["details", { fields: new Map(), ofType }]]) };
  return (schema) => {
    const shape = shapeOf(schema);
    return shape && { ...shape, fields: new Map([["error", failure], ...shape.fields]) };
  };
}

interface OpenedShapes {
  readonly shapeOf: ShapeSource;
  readonly ofType: NonNullable<SecretShape["ofType"]>;
}

/** Schemas refer to each other in cycles, so shapes are filled after they exist. */
function openShapes(graph: SecretGraph, direction: Direction): OpenedShapes {
  const bearing = bearingSchemas(graph, direction);
  const shapes = new Map<string, MutableShape>([...bearing].map((name) => [name, { fields: new Map() }]));
  const ofType = (typeUrl: string): SecretShape | undefined =>
    shapes.get(schemaOfType(typeUrl, bearing) ?? "");

  function fill(shape: MutableShape, fields: Fields): void {
    for (const [field, code] of Object.entries(fields)) {
      const found = shapeOfField(code);
      if (found === undefined) continue;
      if (field === "*") shape.each = found;
      else shape.fields.set(field, found);
    }
  }

  function shapeOfField(code: string | Fields): FieldShape | undefined {
    if (typeof code !== "string") {
      const shape: MutableShape = { fields: new Map() };
      fill(shape, code);
      return shape.fields.size > 0 || shape.each !== undefined ? shape : undefined;
    }
    const mark = markFor(code, direction);
    if (mark !== undefined) return mark;
    if (code === "@") return shapes.size > 0 ? { fields: new Map(), ofType } : undefined;
    return shapes.get(code);
  }

  for (const [name, shape] of shapes) fill(shape, graph[name] ?? {});
  return { shapeOf: (schema) => (schema === undefined ? undefined : shapes.get(schema)), ofType };
}

interface MutableShape {
  readonly fields: Map<string, FieldShape>;
  each?: FieldShape;
}

const marks: Readonly<Record<string, Mark>> = { "!": "strict", "#": "strict_bytes", "?": "bag" };

function markFor(code: string, direction: Direction): Mark | undefined {
  const [, kind, only] = /^([!#?])([<>]?)$/.exec(code) ?? [];
  if (kind === undefined || only === (direction === "request" ? "<" : ">")) return undefined;
  return marks[kind];
}

/** Schemas from which a secret of this direction can be reached; an object of any type may hold one if any schema does. */
function bearingSchemas(graph: SecretGraph, direction: Direction): ReadonlySet<string> {
  const bearing = new Set<string>();
  const bears = (code: string | Fields): boolean => {
    if (typeof code !== "string") return Object.values(code).some(bears);
    return markFor(code, direction) !== undefined || bearing.has(code) || (code === "@" && bearing.size > 0);
  };
  for (let grew = true; grew; ) {
    grew = false;
    for (const [name, fields] of Object.entries(graph)) {
      if (bearing.has(name) || !bears(fields)) continue;
      bearing.add(name);
      grew = true;
    }
  }
  return bearing;
}

/**
 * The schema for `type.googleapis.com/google.cloud.run.v2.Service`: Discovery calls it `GoogleCloudRunV2Service`, or
 * drops as much of the front as it likes.
 */
function schemaOfType(typeUrl: string, schemas: ReadonlySet<string>): string | undefined {
  const parts = typeUrl.slice(typeUrl.lastIndexOf("/") + 1).split(".");
  for (let from = 0; from < parts.length; from++) {
    const name = parts.slice(from).map(capitalise).join("");
    if (schemas.has(name)) return name;
  }
  return undefined;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
