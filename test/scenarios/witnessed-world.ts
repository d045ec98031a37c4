import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCosignerKey } from "#keys";
import { systemClock } from "#lib/clock";
import { type NoteSigner, parseVerifierKey } from "#tlog";
import { openWitness, serveWitness, type Witness, WitnessFolder } from "#witness";
import { startWorld, type World } from "./world.ts";

/** A whole Gatehouse and a witness over the wire. */
export interface WitnessedWorld extends World {
  /** The witness's verifier key. */
  readonly witnessKey: string;
}

export async function startWitnessedWorld(): Promise<WitnessedWorld> {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-witnessed-"));
  const signer = await openCosignerKey(join(folder, "witness.pem"), "witness.example/w1");
  let world: World | undefined;
  let opened: Witness | undefined;
  // The server makes the log's key when it starts, after the witness is up.
  const later: Witness = {
    addCheckpoint: (body) => {
      opened ??= witnessOf(signer, folder, world?.data ?? "");
      return opened.addCheckpoint(body);
    },
  };
  const server = await serveWitness(later, { host: "127.0.0.1", port: 0, onFailure: () => undefined });
  const started = await startWorld({ witnesses: [{ url: server.url, verifier: signer.verifierKey }] });
  world = started;
  return {
    ...started,
    witnessKey: signer.verifierKey,
    close: async () => {
      await started.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function witnessOf(signer: NoteSigner, folder: string, data: string): Witness {
  const log = parseVerifierKey(readFileSync(join(data, "log.vkey"), "utf8").trim());
  return openWitness({
    signer,
    logs: log === undefined ? [] : [log],
    folder: new WitnessFolder(join(folder, "state")),
    clock: systemClock,
    onContradiction: () => undefined,
    onProofRefused: () => undefined,
  });
}
