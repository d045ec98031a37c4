import type { Operation, RiskClass } from "#catalogue";
import type { Principal } from "#identity";
import { type PolicyInput, type PolicySet, parsePolicies, printProblem } from "#policy";

export const developer: Principal = {
  id: "principal-developer",
  issuer: "https://idp.example.com",
  subject: "developer",
  email: "developer@example.com",
  groups: ["engineering"],
};

interface Asked {
  readonly operation?: string;
  readonly class?: RiskClass;
  readonly aliases?: readonly string[];
  readonly resource?: string;
  readonly project?: string | undefined;
  readonly principal?: Principal;
  readonly connection?: string;
  readonly agent?: string;
  readonly time?: Date;
}

/** A call as policies see it; a plain read by a developer unless said otherwise. */
export function asked(call: Asked = {}): PolicyInput {
  const id = call.operation ?? "storage.objects.get";
  const service = `${id.split(".")[0] ?? ""}.googleapis.com`;
  const name = call.resource ?? "projects/p/things/t";
  const operation: Pick<Operation, "id" | "service" | "version" | "class" | "flags" | "aliases"> = {
    id,
    service,
    version: "v1",
    class: call.class ?? "read",
    flags: [],
    aliases: call.aliases ?? [],
  };
  return {
    principal: call.principal ?? developer,
    agent: call.agent ?? "cursor",
    sessionId: "ses_1",
    connection: call.connection ?? "prod",
    operation,
    resource: {
      name,
      fullName: `//${service}/${name}`,
      parent: "",
      type: "things",
      project: "project" in call ? call.project : "p",
      location: undefined,
    },
    request: { method: "GET", host: service, time: call.time ?? new Date("2026-11-24T12:00:00Z") },
  };
}

/** Parses documents that are meant to be sound. */
export function policySet(
  text: string | readonly string[],
  protectedNames: readonly string[] = [],
): PolicySet {
  const texts = typeof text === "string" ? [text] : text;
  const documents = texts.map((each, index) => ({ file: `${index}.yaml`, text: each }));
  const parsed = parsePolicies(documents, protectedNames);
  if (parsed.kind === "parsed") return parsed.set;
  throw new Error(parsed.problems.map(printProblem).join("\n"));
}

/** One enforced policy for everybody with these rules, one a line, in YAML's flow style. */
export function rules(...lines: readonly string[]): string {
  return ["policies:", "  - name: main", "    principals: { any: true }", "    rules:"]
    .concat(lines.map((line, index) => `      - { name: r${index}, ${line} }`))
    .join("\n");
}
