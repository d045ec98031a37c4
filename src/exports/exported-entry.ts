import type { AuditEntry } from "#api";

/** An entry on its way out: what it says, whom it is about, and its detail where that was asked for. */
export interface ExportedEntry extends Omit<AuditEntry, "stage"> {
  readonly detail?: unknown;
}
