// Google's .proto files as a part of the catalogue: what gRPC methods are, and what REST methods only they know.
import { printRpcFile } from "../../../src/catalogue/rpc/rpc-file.ts";
import type { Curated, SecretField } from "../curated.ts";
import type { ApiVersion } from "../intermediate.ts";
import { extendVersions } from "./extend-versions.ts";
import { joinProtos } from "./join.ts";
import { readProtos } from "./read-protos.ts";
import { rpcFilesOf, unroutedIn } from "./rpc-files.ts";
import { markSecrets, type SecretMarks } from "./secret-marks.ts";
import { numberSecrets } from "./secret-numbers.ts";
import { transferMarks } from "./transfer-marks.ts";

export interface AddedProtos {
  /**
   * What to compose instead of the versions given: with exact templates for guessed ones, with more routes, with
   * methods that go by the name of their rpc, and with versions only the protos know.
   */
  readonly versions: readonly ApiVersion[];
  /** To compose with, besides the curated ones. */
  readonly secretFields: readonly SecretField[];
  readonly files: readonly RpcText[];
  /** Rpcs that are operations of their own and have no path, so that no version holds them. */
  readonly unroutedIds: readonly string[];
  readonly slips: readonly string[];
  /** SHA-256 over the files read, hex. */
  readonly inputDigest: string;
  readonly counts: Readonly<Record<string, number>>;
}

export interface RpcText {
  /** Below generated/. */
  readonly file: string;
  readonly service: string;
  readonly text: string;
  readonly rpcs: number;
}

/** Reads an unpacked `google-proto-files` and joins it to the REST versions that are carried. */
export function addProtos(
  packageFolder: string,
  restVersions: readonly ApiVersion[],
  curated: Curated,
): AddedProtos {
  const protos = readProtos(packageFolder);
  const join = joinProtos(protos, restVersions);
  const listed = markSecrets(protos, curated.secretFields);
  const marks = transferMarks(join, protos, listed, curated.secretFields);
  const extended = extendVersions(join, protos, marks);
  const rpcFiles = rpcFilesOf({
    protos,
    services: join.services,
    versions: extended.versions,
    secrets: numberSecrets(protos, marks),
    curated,
  });
  const files = rpcFiles.map((file) => ({
    file: `rpc/${file.service === "*" ? "everywhere" : file.service}.txt`,
    service: file.service,
    text: printRpcFile(file),
    rpcs: [...file.services.values()].flat().length,
  }));
  const rpcs = join.services.flatMap((each) => each.rpcs);
  const joined = rpcs.flatMap(({ rest }) => rest ?? []);
  const restHosts = new Set(restVersions.flatMap(({ methods }) => methods.map(({ host }) => host)));
  return {
    versions: extended.versions,
    secretFields: extended.secretFields,
    files,
    unroutedIds: rpcFiles.flatMap(unroutedIn),
    slips: marks.slips,
    inputDigest: protos.inputDigest,
    counts: {
      rpcServices: join.services.length,
      rpcs: rpcs.length,
      rpcsJoined: joined.length,
      restIdsWithRpc: new Set(joined.map(({ id }) => id)).size,
      rpcsOfTheirOwn: rpcs.length - joined.length,
      rpcHosts: files.length - 1,
      rpcHostsNotInRest: files.filter(({ service }) => service !== "*" && !restHosts.has(service)).length,
      routesAddedToRestMethods: extended.routes.ofRestMethods,
      routesOfProtoMethods: extended.routes.ofProtoMethods,
      templatesCorrected: join.correctedTemplates,
      secretFieldsByNumber: countMarks(marks),
      secretFieldsByNumberFromRest: countMarks(marks) - countMarks(listed),
    },
  };
}

function countMarks({ marks }: SecretMarks): number {
  return [...marks.values()].reduce((sum, { size }) => sum + size, 0);
}
