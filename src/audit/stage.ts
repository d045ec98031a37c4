/** How far an entry has come, in order; docs/audit-log.md says what each stage means. */
export const entryStages = ["durable", "integrated", "published", "witnessed", "archived"] as const;
export type EntryStage = (typeof entryStages)[number];

/** So many entries of the log have come to this stage. Nothing is kept with the entry itself: these sizes tell it. */
export interface SizesReached {
  readonly integrated: number;
  readonly published: number;
  readonly witnessed: number;
  readonly archived: number;
}

/** Every stage that this entry has reached; a log without witnesses is archived all the same. */
export function stagesOf(index: number, reached: SizesReached): readonly EntryStage[] {
  return entryStages.filter((stage) => stage === "durable" || index < reached[stage]);
}
