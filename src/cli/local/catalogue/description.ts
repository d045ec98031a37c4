import { type Catalogue, type Operation, secretPaths } from "#catalogue";

/** What is known of one version of a method, by name; "" and empty lists stand for what there is not. */
export type Description = Readonly<Record<string, string | readonly string[]>>;

/** Every version of the methods that a name stands for: an id, an alias, or a gRPC method. */
export function describeOperation(catalogue: Catalogue, name: string): Description[] {
  return [...catalogue.operations()]
    .filter(({ id, aliases }) => id === name || aliases.includes(name))
    .map(describe);
}

function describe(operation: Operation): Description {
  const { permission } = operation;
  return {
    operation: operation.id,
    version: operation.version,
    service: operation.service,
    class: operation.class,
    why: operation.classReason,
    flags: operation.flags,
    aliases: operation.aliases,
    permission: permission === undefined ? "" : `${permission.name} (${permission.basis})`,
    routes: operation.routes,
    "request secrets": secretPaths(operation.requestSecrets),
    "answer secrets": secretPaths(operation.responseSecrets),
    volatile: operation.volatileFields,
    capability: operation.capabilityField ?? "",
  };
}
