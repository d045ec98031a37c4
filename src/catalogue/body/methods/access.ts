import type { Call } from "../../operation.ts";
import type { Json } from "../json.ts";
import { type Judgement, judgement, worstOf } from "../judgement.ts";
import { listOf, optionalText, pickMembers, textOf } from "../members.ts";

/** One thing a policy or access list gives. */
interface Gift {
  readonly what: string;
  readonly to: string;
  readonly isPublic: boolean;
  /** Whether what is given lets its holder give more, or act as somebody else. */
  readonly isPowerful: boolean;
}

/** Any `setIamPolicy`: the policy stands under `policy`, or is the body itself (Cloud Storage), or both ways (Compute). */
export function judgePolicy(body: Json): Judgement {
  const outer = pickMembers(body, ["policy", "bindings"], "the request");
  const inner = outer.get("policy");
  const nested =
    inner === undefined || inner === null ? undefined : pickMembers(inner, ["bindings"], "the policy");
  const bindings = [
    ...listOf(outer.get("bindings"), "bindings"),
    ...listOf(nested?.get("bindings"), "bindings"),
  ];
  return judgeGifts("it replaces the policy", bindings.flatMap(giftsOfBinding));
}

function giftsOfBinding(value: Json): Gift[] {
  const binding = pickMembers(value, ["role", "members"], "a binding");
  const role = textOf(binding.get("role"), "role");
  return listOf(binding.get("members"), "members").map((member) => {
    const name = textOf(member, "a member");
    return {
      what: shownRole(role),
      to: shownMember(name),
      isPublic: isPublic(name),
      isPowerful: powerful.test(role),
    };
  });
}

const powerful =
  /^roles\/(?:owner|editor|iam\..*|resourcemanager\..*Admin|.*\.(?:admin|securityAdmin|iamAdmin)|cloudfunctions\.developer)$/i;

/** Everybody, in any case and any of the spellings of IAM's policies and Cloud Storage's access lists. */
function isPublic(member: string): boolean {
  return /^(?:allusers|allauthenticatedusers|principalset:\/\/goog\/public:all)$/i.test(member.trim());
}

function judgeGifts(what: string, gifts: readonly Gift[]): Judgement {
  const weight = (gift: Gift): number => Number(gift.isPublic) * 2 + Number(gift.isPowerful);
  const ranked = [...gifts].sort((one, other) => weight(other) - weight(one));
  const phrases = [...new Set(ranked.map((gift) => `${gift.what} to ${gift.to}`))];
  const told = phrases.slice(0, 3);
  const others = phrases.length - told.length;
  const given = told.length === 0 ? "gives nobody anything" : `gives ${told.join(", ")}`;
  return judgement(
    "privileged",
    `${what} and ${given}${others > 0 ? `, and ${others} more` : ""}`,
    gifts.some((gift) => gift.isPublic) ? ["exfil"] : [],
  );
}

/** Only what has the form of a name is quoted: the words of a policy end up on approval screens. */
function shownRole(role: string): string {
  return /^[A-Za-z][\w./-]{0,99}$/.test(role) ? role : "a role";
}

/** Who, without the name: masking rules may hide names, and the domain is what tells a stranger. */
function shownMember(member: string): string {
  if (isPublic(member)) return member.trim();
  const kind = memberKinds.find((each) => member.startsWith(`${each}:`)) ?? "somebody";
  const [, domain] = /@([A-Za-z0-9.-]{1,80})(?:\?|$)/.exec(member) ?? [];
  const who = kind === "somebody" ? kind : `a ${kind}`;
  return domain === undefined ? who : `${who} at ${domain}`;
}

const memberKinds = [
  ...["user", "group", "serviceAccount", "domain", "principal", "principalSet", "project", "deleted"],
  ...["projectOwner", "projectEditor", "projectViewer"],
];

/** One entry of an access list of Cloud Storage; the entity stands in the body or at the end of the path. */
export function judgeAccessControl(body: Json, { resource }: Call): Judgement {
  const entry = pickMembers(body, ["entity", "role"], "the entry");
  const last = /\/(?:acl|defaultObjectAcl)\/([^/]+)$/.exec(resource.name)?.[1];
  const gift = giftOfEntry(optionalText(entry.get("entity"), "entity") ?? last ?? "", entry.get("role"));
  return judgeGifts("it changes an access list", [gift]);
}

function giftOfEntry(entity: string, role: Json | undefined): Gift {
  const what = optionalText(role, "role") ?? "access";
  const member = entity.replace("-", ":");
  return {
    what: shownRole(what),
    to: isPublic(entity) ? entity.trim() : shownMember(member),
    isPublic: isPublic(entity),
    isPowerful: /^owner$/i.test(what),
  };
}

const nothing = judgement("read", "");

/** A list of access in the metadata of a bucket or an object. */
function judgeAccessList(list: Json | undefined): Judgement {
  const entries = listOf(list, "an access list");
  // An empty one lets nobody in.
  if (entries.length === 0) return nothing;
  const gifts = entries.map((each) => {
    const entry = pickMembers(each, ["entity", "role"], "an entry");
    return giftOfEntry(textOf(entry.get("entity"), "entity"), entry.get("role"));
  });
  return judgeGifts("it sets an access list", gifts);
}

/** `storage.buckets.insert`, `patch` and `update`. */
export function judgeBucket(body: Json, call: Call): Judgement {
  const bucket = pickMembers(
    body,
    ["acl", "defaultObjectAcl", "lifecycle", "iamConfiguration", "ipFilter"],
    "the bucket",
  );
  return worstOf(nothing, [
    judgeAccessList(bucket.get("acl")),
    judgeAccessList(bucket.get("defaultObjectAcl")),
    judgeLifecycle(bucket.get("lifecycle")),
    judgeIamConfiguration(bucket.get("iamConfiguration"), call),
    // Which networks may reach it: what it said before is not in the call.
    bucket.has("ipFilter") && call.operation.id !== "storage.buckets.insert" ? letsIn : nothing,
  ]);
}

/** `storage.objects.insert` (the start of a resumable upload), `patch`, `update`, `copy`, `rewrite` and `compose`. */
export function judgeObject(body: Json): Judgement {
  const members = pickMembers(body, ["acl", "destination"], "the object");
  const destination = members.get("destination");
  const inner =
    destination === undefined || destination === null
      ? undefined
      : pickMembers(destination, ["acl"], "the destination");
  return worstOf(judgeAccessList(members.get("acl")), [judgeAccessList(inner?.get("acl"))]);
}

function judgeLifecycle(value: Json | undefined): Judgement {
  if (value === undefined || value === null) return nothing;
  const rules = listOf(pickMembers(value, ["rule"], "lifecycle").get("rule"), "rule");
  const kinds = rules.map((each) => {
    const action = pickMembers(each, ["action"], "a rule").get("action");
    return textOf(pickMembers(action, ["type"], "an action").get("type"), "type");
  });
  const isKeeping = kinds.every((kind) => kind === "SetStorageClass");
  return isKeeping ? nothing : judgement("destructive", "its lifecycle rules delete objects");
}

/**
 * On a bucket that exists, what keeps the public out may be taken away; a new one starts without. An update that leaves it
 * out takes it away.
 */
function judgeIamConfiguration(value: Json | undefined, { operation }: Call): Judgement {
  if (operation.id === "storage.buckets.insert") return nothing;
  const isUpdate = operation.id === "storage.buckets.update";
  if (value === undefined) return isUpdate ? letsIn : nothing;
  if (value === null) return letsIn;
  const members = pickMembers(
    value,
    ["publicAccessPrevention", "uniformBucketLevelAccess", "bucketPolicyOnly"],
    "iamConfiguration",
  );
  const prevention = members.get("publicAccessPrevention");
  const isLeftOut =
    isUpdate && (prevention === undefined || members.get("uniformBucketLevelAccess") === undefined);
  const weakens =
    isLeftOut ||
    (prevention !== undefined && prevention !== "enforced") ||
    ["uniformBucketLevelAccess", "bucketPolicyOnly"].some((name) => mayDisable(members.get(name)));
  return weakens ? letsIn : nothing;
}

const letsIn = judgement("privileged", "it lets access lists or the public in again");

/** `null` takes the setting away. */
function mayDisable(value: Json | undefined): boolean {
  return (
    value === null ||
    (value !== undefined && pickMembers(value, ["enabled"], "a setting").get("enabled") !== true)
  );
}

const quietAcls = ["private", "projectPrivate", "bucketOwnerRead", "bucketOwnerFullControl"];

/** What the query parameters `predefinedAcl` and their like give; `undefined` when they change nothing. */
export function judgePredefinedAcl(value: string): Judgement | undefined {
  if (quietAcls.includes(value)) return undefined;
  const isKnown = ["publicRead", "publicReadWrite", "authenticatedRead"].includes(value);
  if (!isKnown) return judgement("privileged", "it sets an access list that is not known", ["exfil"]);
  return judgement("privileged", `it sets the access list ${value}, which lets everybody in`, ["exfil"]);
}
