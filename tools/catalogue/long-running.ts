import type { ApiVersion, Method, Schema } from "./intermediate.ts";

/**
 * Whether a method answers before it is done, with an operation to be asked for again: google.longrunning.Operation,
 * compute's, sqladmin's or dns' own, or an answer that carries such a one (`run.builds.submit`). A GET may start one
 * as well (`aiplatform.datasetVersions.restore`), but one that answers with a resource only tells of it.
 */
export function isLongRunning(method: Method, { schemas }: ApiVersion): boolean {
  if (asksForAnOperation(method.id)) return false;
  const name = method.responseSchema ?? "";
  if (isOperation(name, schemas)) return true;
  return (
    method.verb !== "GET" &&
    [...(schemas.get(name)?.values() ?? [])].some(
      (type) => type.kind === "schema" && isOperation(type.name, schemas),
    )
  );
}

/** Methods that look after an operation which somebody else started. */
function asksForAnOperation(id: string): boolean {
  return /(^|\.)\w*operation\w*\.(get|wait|waitExecution)$/i.test(id) || /\.fetch\w*Operation$/.test(id);
}

function isOperation(name: string, schemas: ReadonlyMap<string, Schema>): boolean {
  const fields = schemas.get(name);
  if (fields === undefined) return false;
  if (fields.has("done") && fields.has("response")) return true;
  return fields.has("status") && (fields.has("operationType") || name === "Operation");
}
