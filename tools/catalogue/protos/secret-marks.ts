import type { SecretField } from "../curated.ts";
import type { ProtoField, ProtoMessage, Protos } from "./declarations.ts";
import { splitPackage } from "./names.ts";

/** What a listed field is. */
export interface SecretMark {
  readonly kind: SecretField["kind"];
  readonly direction: SecretField["direction"];
}

export interface SecretMarks {
  /** Message → field as written → mark. */
  readonly marks: ReadonlyMap<string, ReadonlyMap<string, SecretMark>>;
  /** Listed fields no file has, or has under another number. */
  readonly slips: readonly string[];
}

/** The listed fields in the protos, and the same fields in the other versions of their packages. */
export function markSecrets({ messages }: Protos, listed: readonly SecretField[]): SecretMarks {
  const siblings = siblingsOf(messages);
  const marks = new Map<string, Map<string, SecretMark>>();
  const slips: string[] = [];
  for (const { protos, kind, direction } of listed) {
    for (const written of protos) {
      const found = findField(written, messages);
      if (found === undefined) {
        slips.push(`secret-fields.tsv: no proto has ${written}`);
        continue;
      }
      for (const message of siblings.get(siblingKey(found.message)) ?? []) {
        if (!message.fields.has(found.field.name)) continue;
        const ofMessage = marks.get(message.name) ?? new Map<string, SecretMark>();
        marks.set(message.name, ofMessage.set(found.field.name, { kind, direction }));
      }
    }
  }
  return { marks, slips };
}

// `google.cloud.run.v2.EnvVar.value=2`
function findField(
  written: string,
  messages: Protos["messages"],
): { message: ProtoMessage; field: ProtoField } | undefined {
  const [, name = "", fieldName = "", number = ""] = /^([\w.]+)\.(\w+)=(\d+)$/.exec(written) ?? [];
  const message = messages.get(name);
  const field = message?.fields.get(fieldName);
  if (message === undefined || field?.number !== Number(number)) return undefined;
  return { message, field };
}

function siblingsOf(messages: Protos["messages"]): Map<string, ProtoMessage[]> {
  const siblings = new Map<string, ProtoMessage[]>();
  for (const message of messages.values()) {
    const key = siblingKey(message);
    const known = siblings.get(key);
    if (known === undefined) siblings.set(key, [message]);
    else known.push(message);
  }
  return siblings;
}

/** The same for `google.cloud.run.v1.EnvVar` and `google.cloud.run.v2.EnvVar`. */
function siblingKey({ name, package: of }: ProtoMessage): string {
  return `${splitPackage(of).stem} ${name.slice(of.length + 1)}`;
}
