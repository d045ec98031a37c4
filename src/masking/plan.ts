import { GatehouseError } from "#lib/errors";
import { limits } from "#lib/limits";
import { type ByteStage, streamOf } from "./byte-stage.ts";
import { type BodyKind, bodyKind, isEncoded } from "./content-type.ts";
import type { Finding } from "./finding.ts";
import { JsonMasker } from "./json-masker.ts";
import type { MaskingPlan, MaskingStream, MaskingSubject } from "./masker.ts";
import { CredentialEraser } from "./own-credentials.ts";
import type { MaskingRules } from "./rules.ts";
import { sniffedJson } from "./sniffed-json.ts";

/**
 * Decides how a body is masked before its first byte. JSON is masked by all layers. Other bodies are searched for our
 * own credentials only; where the catalogue knows of secrets, they are refused, since those could not be found.
 *
 * Compressed bodies are refused rather than decoded: the gateway asks upstream for `identity`, so a compressed answer
 * means that somebody did not do as told, and a decoder is one more thing to attack.
 */
export function planMasking(rules: MaskingRules, subject: MaskingSubject): MaskingPlan {
  if (subject.isMedia === true) return { kind: "mask", open: () => openStream([], subject) };
  if (isEncoded(subject.contentEncoding)) return refuse("the body is compressed");
  const kind = bodyKind(subject.contentType);
  if (subject.isPartial === true && kind !== "opaque") return refuse("the body is only a part of a document");
  if (kind === "opaque" && subject.shape !== undefined)
    return refuse("the body holds secrets and is not JSON");
  return { kind: "mask", open: () => openMasked(kind, rules, subject) };
}

function refuse(reason: string): MaskingPlan {
  return { kind: "refuse", reason };
}

function openMasked(kind: BodyKind, rules: MaskingRules, subject: MaskingSubject): MaskingStream {
  // Google reads JSON whatever a request says it is; what is kept of a request goes nowhere but to people.
  const isSniffed = kind === "opaque" && subject.direction === "request";
  const isJson = kind === "json" || kind === "json_sequence" || isSniffed;
  if (!isJson) {
    const isBlind = kind === "unnamed" && subject.shape !== undefined;
    return openStream(isBlind ? [emptyOnly] : [], subject);
  }
  const findings = new Findings();
  const report = (finding: Finding): void => findings.add(finding);
  const masker = new JsonMasker(rules, subject, { isSequence: kind === "json_sequence", report });
  return { ...openStream([isSniffed ? sniffedJson(masker) : masker], subject, findings), alters: true };
}

function openStream(
  stages: readonly ByteStage[],
  subject: MaskingSubject,
  findings = new Findings(),
): MaskingStream {
  const eraser = new CredentialEraser(subject.ownCredentials, () =>
    findings.add({ path: "text", detector: "own_credential", rule: "own_credential" }),
  );
  return { stream: streamOf([...stages, eraser]), findings: findings.list, alters: false };
}

/** For a body without a content type where secrets may be: it may be there only as long as it is not. */
const emptyOnly: ByteStage = {
  write: () => {
    throw new GatehouseError("masking_failed", "This body cannot be masked: it does not say what it is.");
  },
  end: () => Buffer.alloc(0),
};

/** Each place once, however many values it has, up to a limit. */
class Findings {
  readonly list: Finding[] = [];
  readonly #seen = new Set<string>();

  add(finding: Finding): void {
    const key = JSON.stringify([finding.path, finding.detector, finding.rule]);
    if (this.#seen.has(key) || this.list.length >= limits.findingsMax) return;
    this.#seen.add(key);
    this.list.push(finding);
  }
}
