import { createHash, createHmac, randomBytes } from "node:crypto";
import { sealAttachment } from "../src/audit/attachment.ts";
import { DataKey } from "../src/audit/data-key.ts";
import { seal } from "../src/audit/sealed-form.ts";
import type { Figure } from "./figure.ts";

/** What sealing adds to an append, in units of hashing the same bytes, which every append does anyway. */
export async function measureSealing(): Promise<readonly Figure[]> {
  return [...sizes.flatMap(figuresOf)];
}

const sizes: readonly (readonly [name: string, bytes: number])[] = [
  ["a detail of 300 bytes", 300],
  ["64 KiB", 64 * 1024],
  ["256 KiB", 256 * 1024],
];
const rounds = 40;
const bytesOfRound = 8 * 1024 * 1024;

function figuresOf([name, size]: (typeof sizes)[number]): Figure[] {
  const bytes = randomBytes(size);
  const sealingKey = randomBytes(32);
  const key = DataKey.derive("ses_1", randomBytes(32));
  const kept = { role: "answer", bytes, isTruncated: false } as const;
  const place = { recordId: "rec_0199c2e4a7b07d3fb1e54e12d0c3a9f1", role: "answer" };
  const [sha256, sealed, whole, before] = fastest(size, [
    () => createHash("sha256").update(bytes).digest(),
    () => seal(bytes, place, sealingKey),
    () => sealAttachment(kept, place.recordId, key).bytes,
    () => createHmac("sha256", sealingKey).update(bytes).digest(),
  ]);
  return [
    { what: `SHA-256 of ${name}`, value: sha256, unit: "µs" },
    { what: `sealing ${name}`, value: sealed, unit: "µs" },
    { what: "the same in units of SHA-256", value: sealed / sha256, unit: "×" },
    { what: `sealing ${name}, its two digests included`, value: whole, unit: "µs" },
    {
      what: "the same in units of the keyed digest alone, as it was before",
      value: whole / before,
      unit: "×",
    },
  ];
}

type Four<T> = [T, T, T, T];

/** Microseconds a call, in turns; the fastest round of each is the one that was least disturbed. */
function fastest(size: number, works: Four<() => Uint8Array>): Four<number> {
  const calls = Math.max(1, Math.min(2_000, Math.floor(bytesOfRound / size)));
  const best: Four<number> = [Infinity, Infinity, Infinity, Infinity];
  let kept = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, work] of works.entries()) {
      const start = performance.now();
      for (let call = 0; call < calls; call += 1) kept += work().byteLength;
      best[index] = Math.min(best[index] ?? Infinity, ((performance.now() - start) * 1_000) / calls);
    }
  }
  if (kept === 0) throw new Error("nothing was sealed");
  return best;
}
