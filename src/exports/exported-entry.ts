import type { AuditEntry } from "#api";
import type { About, Leaf } from "#audit";

/** An entry on its way out: what it says, whom it is about, and its detail where that was asked for. */
export interface ExportedEntry extends Omit<AuditEntry, "stage"> {
  readonly detail?: unknown;
}

/** Members that are absent stay absent: `undefined` is no JSON. */
export function exportedEntry(index: number, leaf: Leaf, about: About): ExportedEntry {
  const { id, kind, t: at, session, exchange, approval, operation, decision, status, policy } = leaf;
  return {
    index,
    id,
    kind,
    at,
    ...(session === undefined ? {} : { session }),
    ...(exchange === undefined ? {} : { exchange }),
    ...(approval === undefined ? {} : { approval }),
    ...(operation === undefined ? {} : { operation }),
    ...(leaf.class === undefined ? {} : { class: leaf.class }),
    ...(decision === undefined ? {} : { decision }),
    ...(status === undefined ? {} : { status }),
    ...(policy === undefined ? {} : { policy }),
    ...about,
  };
}
