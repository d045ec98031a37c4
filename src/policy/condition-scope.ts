import { Environment } from "@marcbachmann/cel-js";
import { limits } from "#lib/limits";
import type { PolicyInput } from "./decision.ts";

/** The objects a condition can see. `agent` and `connection` are plain strings beside them; nothing else exists. */
const declared: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  principal: { id: "string", issuer: "string", subject: "string", email: "string", groups: "list<string>" },
  session: { id: "string" },
  operation: { id: "string", service: "string", version: "string", class: "string", flags: "list<string>" },
  resource: { name: "string", full_name: "string", type: "string", project: "string", location: "string" },
  request: { method: "string", host: "string", time: "google.protobuf.Timestamp" },
};

export const declaredNames: readonly string[] = [...Object.keys(declared), "agent", "connection"];

/** Fields of a declared object; `undefined` when the name is none. */
export function fieldsOf(name: string): readonly string[] | undefined {
  const fields = Object.hasOwn(declared, name) ? declared[name] : undefined;
  return fields === undefined ? undefined : Object.keys(fields);
}

// The CEL library knows a type by its constructor. Instances of these spare it a conversion for every condition.
class Principal {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | undefined;
  readonly groups: readonly string[];
  constructor({ principal }: PolicyInput) {
    this.id = principal.id;
    this.issuer = principal.issuer;
    this.subject = principal.subject;
    this.email = principal.email;
    this.groups = principal.groups;
  }
}

class Session {
  readonly id: string;
  constructor({ sessionId }: PolicyInput) {
    this.id = sessionId;
  }
}

class Operation {
  readonly id: string;
  readonly service: string;
  readonly version: string;
  readonly class: string;
  readonly flags: readonly string[];
  constructor({ operation }: PolicyInput) {
    this.id = operation.id;
    this.service = operation.service;
    this.version = operation.version;
    this.class = operation.class;
    this.flags = operation.flags;
  }
}

class Resource {
  readonly name: string;
  readonly full_name: string;
  readonly type: string;
  // Many calls name no project: a bucket has one that only Google knows. Then the field is missing, not empty, and a
  // condition that leans on it fails (and with it a deny rule denies) unless it asks `has(resource.project)` first.
  readonly project: string | undefined;
  readonly location: string | undefined;
  constructor({ resource }: PolicyInput) {
    this.name = resource.name;
    this.full_name = resource.fullName;
    this.type = resource.type;
    this.project = resource.project;
    this.location = resource.location;
  }
}

class Request {
  readonly method: string;
  readonly host: string;
  readonly time: Date;
  constructor({ request }: PolicyInput) {
    this.method = request.method;
    this.host = request.host;
    this.time = request.time;
  }
}

/** One call as conditions see it. Made once for all conditions of a decision. */
export interface ConditionScope {
  readonly principal: Principal;
  readonly session: Session;
  readonly operation: Operation;
  readonly resource: Resource;
  readonly request: Request;
  readonly agent: string;
  readonly connection: string;
}

export function scopeOf(input: PolicyInput): ConditionScope {
  return {
    principal: new Principal(input),
    session: new Session(input),
    operation: new Operation(input),
    resource: new Resource(input),
    request: new Request(input),
    agent: input.agent,
    connection: input.connection,
  };
}

export const environment = makeEnvironment();

function makeEnvironment(): Environment {
  const made = new Environment({
    limits: {
      maxAstNodes: limits.conditionNodesMax,
      maxDepth: limits.conditionDepthMax,
      maxListElements: limits.conditionListMax,
      maxMapEntries: 0,
      maxCallArguments: 4,
    },
  });
  const objects = {
    principal: Principal,
    session: Session,
    operation: Operation,
    resource: Resource,
    request: Request,
  };
  for (const [name, ctor] of Object.entries(objects)) {
    made.registerType(ctor.name, { ctor, fields: declared[name] ?? {} }).registerVariable(name, ctor.name);
  }
  return made.registerVariable("agent", "string").registerVariable("connection", "string");
}
