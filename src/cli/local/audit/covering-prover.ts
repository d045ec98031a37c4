import { GatehouseError } from "#lib/errors";
import type { TileProver } from "#tlog";
import type { Terminal } from "../../terminal.ts";
import type { Auditor } from "./auditor.ts";

/** A checkpoint is at most a second behind its log. */
const pauseMs = 250;
const pausesMax = 40;

/** Waits until the newest entry is under a checkpoint: what is taken away proves all it holds, under one. */
export async function coveringProver(
  auditor: Auditor,
  newest: number,
  terminal: Pick<Terminal, "pause">,
): Promise<{ note: string; prover: TileProver }> {
  const { tileProver } = await import("#tlog");
  const source = auditor.tiles();
  for (let pauses = 0; pauses < pausesMax; pauses += 1) {
    const note = (await source.checkpoint()) ?? "";
    const prover = tileProver(source, note);
    if (prover !== undefined && prover.checkpoint.size > newest) return { note, prover };
    await terminal.pause(pauseMs);
  }
  throw new GatehouseError(
    "audit_export_incomplete",
    `No checkpoint covers entry ${newest}. Verify the log.`,
  );
}

/** Throws `audit_export_incomplete`. */
export async function proofOf(prover: TileProver, index: number): Promise<string> {
  const proof = await prover.prove(index);
  if (proof !== undefined) return proof;
  throw new GatehouseError("audit_export_incomplete", `The log has no proof of entry ${index}. Verify it.`);
}
