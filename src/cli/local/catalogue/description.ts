import {
  type Catalogue,
  type Operation,
  type RpcDescription,
  type SecretPath,
  secretPaths,
} from "#catalogue";

/** What is known of one version of a method, by name; "" and empty lists stand for what there is not. */
export type Description = Readonly<Record<string, string | readonly string[]>>;

/** Every version of the methods that a name stands for: an id, an alias, or a gRPC method. */
export function describeOperation(catalogue: Catalogue, name: string): Description[] {
  const isMeant = (operation: Operation): boolean =>
    operation.id === name ||
    operation.aliases.includes(name) ||
    (name.includes("/") && catalogue.rpcsOf(operation).some((rpc) => rpc.name === name));
  return [...catalogue.operations()].filter(isMeant).map((operation) => describe(operation, catalogue));
}

function describe(operation: Operation, catalogue: Catalogue): Description {
  const { permission } = operation;
  return {
    operation: operation.id,
    version: operation.version,
    service: operation.service,
    class: operation.class,
    why: operation.classReason,
    flags: operation.flags.map((flag) => {
      const reason = operation.flagReasons.get(flag);
      return reason === undefined ? flag : `${flag}: ${reason}`;
    }),
    aliases: operation.aliases,
    permission: permission === undefined ? "" : `${permission.name} (${permission.basis})`,
    routes: operation.routes,
    "request secrets": secretPaths(operation.requestSecrets),
    "answer secrets": secretPaths(operation.responseSecrets),
    volatile: operation.volatileFields,
    capability: operation.capabilityField ?? "",
    "gRPC methods": catalogue.rpcsOf(operation).map(rpcInWords),
  };
}

/** The name, how it streams, and where its messages bear secrets, by field number. */
function rpcInWords({ name, streaming, requestSecrets, responseSecrets }: RpcDescription): string {
  const secrets = [
    ...requestSecrets.map((path) => `request ${secretInWords(path)}`),
    ...responseSecrets.map((path) => `answer ${secretInWords(path)}`),
  ];
  const about = [...(streaming === undefined ? [] : [`streams: ${streaming}`]), ...secrets];
  return about.length === 0 ? name : `${name} (${about.join("; ")})`;
}

function secretInWords({ path, mark }: SecretPath): string {
  return `field ${path} ${mark === "strict_bytes" ? "strict, bytes" : mark}`;
}
