import { type Leaf, parseLeaf } from "#audit";
import { exportedEntry, type OcsfSource, ocsfEvent } from "#exports";
import { GatehouseError } from "#lib/errors";
import { printableJson } from "#lib/printable";
import type { ConfiguredSink, OutgoingEntry, RenderedEntry } from "./sink.ts";

/** With its detail in clear. Throws `audit_entry_unreadable`: what cannot be read is not passed over. */
export function renderEntry(
  entry: OutgoingEntry,
  form: ConfiguredSink["form"],
  source: OcsfSource,
): RenderedEntry {
  const leaf = parseLeaf(entry.leaf);
  if (leaf === undefined) {
    throw new GatehouseError(
      "audit_entry_unreadable",
      `Entry ${entry.index} of the log cannot be read. Run \`gatehouse audit verify\`.`,
    );
  }
  const said = form === "ocsf" ? ocsf(entry, leaf, source) : inOwnWords(entry);
  return { index: entry.index, at: leaf.t, kind: leaf.kind, class: leaf.class, json: printableJson(said) };
}

function ocsf(entry: OutgoingEntry, leaf: Leaf, source: OcsfSource) {
  const detail = detailOf(entry);
  return ocsfEvent({ ...exportedEntry(entry.index, leaf, entry.about), ...detail }, source);
}

/** The leaf's exact bytes as text, so that a receiver can hash it and have it proven. */
function inOwnWords(entry: OutgoingEntry) {
  return {
    index: entry.index,
    leafHash: Buffer.from(entry.leafHash).toString("base64"),
    leaf: Buffer.from(entry.leaf).toString("utf8"),
    ...entry.about,
    ...detailOf(entry),
  };
}

/** It was JSON when it was written; what is not any more goes as the text it is. */
function detailOf({ detail }: OutgoingEntry): { detail?: unknown } {
  if (detail === undefined) return {};
  const text = Buffer.from(detail).toString("utf8");
  try {
    return { detail: JSON.parse(text) as unknown };
  } catch {
    return { detail: text };
  }
}
