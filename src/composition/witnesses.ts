import type { OpenAuditLog, PublishedLog } from "#audit";
import type { Configuration } from "#config";
import { systemClock as clock } from "#lib/clock";
import { createEgress } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { systemTimer as timer } from "#lib/timer";
import type { Logger } from "#telemetry";
import { parseCosignerKey } from "#tlog";
import {
  type CosignatureStore,
  type NamedWitness,
  openWitnessing,
  postCheckpoint,
  type WitnessStatus,
} from "#witness";

export interface WitnessedParts {
  readonly audit: Pick<OpenAuditLog, "append">;
  readonly publishedLog: PublishedLog;
  readonly cosignatures: CosignatureStore;
  readonly log: Logger;
}

type Parts = readonly { readonly name: string; readonly isReady: boolean; readonly detail: string }[];

/**
 * Shows each checkpoint to the configured witnesses, beside everything else: nothing waits for them. The answer is what
 * /readyz says of them. A refusal does not make the gateway unready: a witness that lies must not be able to stop it.
 */
export async function openWitnesses(
  witnesses: Configuration["witnesses"],
  parts: WitnessedParts,
  opened: AsyncDisposableStack,
): Promise<() => Parts> {
  if (witnesses.length === 0) return () => [];
  const { audit, log } = parts;
  const places = witnesses.map(({ url }) => new URL(url));
  const egress = createEgress({
    allowLoopback: places.some(({ protocol }) => protocol === "http:"),
    // The operator named them; a company's own witness has a private address.
    allowHosts: places.map(({ hostname }) => hostname.replace(/^\[(.*)\]$/, "$1")),
  });
  opened.defer(() => egress.close());
  const witnessing = await openWitnessing({
    witnesses: witnesses.map(namedWitness),
    log: parts.publishedLog,
    store: parts.cosignatures,
    post: postCheckpoint(egress),
    clock,
    timer,
    onChange: (status) => tell(log, status),
    onRefused: (refusal) => {
      audit
        .append({ kind: "witness.refused", detail: { ...refusal } })
        .catch((error: unknown) =>
          log.error({ err: error, ...refusal }, "a witness's refusal is not on record"),
        );
    },
  });
  opened.defer(() => witnessing.close());
  return () =>
    witnessing.statuses.map((status) => ({
      name: `witness ${status.name}`,
      isReady: true,
      detail: inWords(status),
    }));
}

function namedWitness({ url, verifier }: Configuration["witnesses"][number]): NamedWitness {
  const cosigner = parseCosignerKey(verifier);
  if (cosigner !== undefined) return { cosigner, verifierKey: verifier, url: new URL(url) };
  throw new GatehouseError(
    "config_invalid",
    `witnesses: ${verifier} is no cosigner's verifier key (Ed25519 cosignature, type 4). \`gatehouse audit witness\` prints one.`,
  );
}

function tell(log: Logger, status: WitnessStatus): void {
  const facts = { witness: status.name, size: status.size, why: status.why };
  if (status.state === "refused") {
    log.error(
      facts,
      "A WITNESS REFUSES THIS LOG: it was forked, cut or rolled back. Keep a copy of everything and find out why",
    );
  } else if (status.state === "failing") log.warn(facts, "a witness does not cosign; it is asked again");
  else log.info(facts, "a witness cosigns");
}

function inWords({ state, size, why }: WitnessStatus): string {
  if (state === "refused") return `REFUSES this log: ${why ?? ""}`;
  if (state === "failing") return `does not cosign, last at ${size} entries: ${why ?? ""}`;
  return state === "waiting" ? "not asked yet" : `has cosigned ${size} entries`;
}
