import type { Json } from "../json.ts";
import { type Judgement, judgement } from "../judgement.ts";
import { knownMembers, listOf, namesOf, textOf } from "../members.ts";

const metadata = namesOf("fingerprint items kind");
const item = namesOf("key value");

/** Keys that guests run, let people in by, or take their settings from. Wide on purpose: images bring agents of their own. */
const actingKey =
  /login|auth|user|sudo|account|credential|role|service|docker|image|dns|host|ssh|key|script|startup|shutdown|oslogin|serial|user-?data|sysprep|windows|container|kube|cluster|enable|disable|block|guest|agent|google|gce|gke|cloud|init|boot|config|install|url|token|secret|password|cert|proxy|bash|cmd|exec|command/i;

/**
 * `setMetadata` and `setCommonInstanceMetadata`. They replace the whole set, and what was there before is not in the call: a
 * key that is left out is gone, `enable-oslogin` and `block-project-ssh-keys` too. So the class stays, and the body says
 * only whether something runs.
 */
export function judgeMetadata(body: Json): Judgement {
  const items = listOf(knownMembers(body, metadata, "the metadata").get("items"), "items");
  const keys = items.map((each) => textOf(knownMembers(each, item, "an item").get("key"), "key"));
  const acting = keys.filter((key) => actingKey.test(key) || !/^[A-Za-z0-9_-]+$/.test(key));
  if (acting.length === 0) {
    return judgement(
      "privileged",
      "it replaces all metadata; keys that it leaves out are gone, those that keep people out too",
    );
  }
  return judgement("privileged", `it sets what instances run or whom they let in (${shown(acting)})`, [
    "exec",
  ]);
}

function shown(keys: readonly string[]): string {
  const plain = keys.filter((key) => /^[A-Za-z0-9_-]{1,64}$/.test(key)).slice(0, 3);
  const others = keys.length - plain.length;
  return [...plain, ...(others > 0 ? [`${others} more`] : [])].join(", ");
}
