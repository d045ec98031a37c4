import type { SecretShape } from "#lib/secret-shape";

/** What the catalogue says about one member. */
export type ShapedMember = "strict" | "strict_bytes" | "bag" | SecretShape;

/** A SecretShape made ready for looking up members as they are spelt on the wire. */
export interface ResolvedShape {
  readonly members: ReadonlyMap<string, ShapedMember>;
  /** What every other member is, where the names are data. */
  readonly each: ShapedMember | undefined;
  /** Normal names of members whose checksum would give them away. */
  readonly strict: readonly string[];
  readonly ofType: SecretShape["ofType"];
}

/**
 * One spelling for one field: proto JSON takes `private_key_data` for `privateKeyData`, and a name that differs only
 * in case would be a second way in.
 */
export function normalName(name: string): string {
  return name.replace(/[_-]/g, "").toLowerCase();
}

/** Resolves shapes, each once. Shapes may be cyclic, so only what a document reaches is resolved. */
export class ShapeResolver {
  readonly #resolved = new WeakMap<SecretShape, ResolvedShape>();

  resolve(shape: SecretShape): ResolvedShape {
    const known = this.#resolved.get(shape);
    if (known !== undefined) return known;
    const members = new Map<string, ShapedMember>();
    for (const [name, member] of shape.fields) {
      const normal = normalName(name);
      members.set(normal, stricter(members.get(normal), member));
    }
    const strict = [...members].filter(([, member]) => isStrict(member)).map(([name]) => name);
    const resolved = { members, each: shape.each, strict, ofType: shape.ofType };
    this.#resolved.set(shape, resolved);
    return resolved;
  }
}

/** Both shapes at once: what is strict in either is strict. */
export function mergeShapes(one: ResolvedShape, other: ResolvedShape): ResolvedShape {
  const members = new Map<string, ShapedMember>();
  for (const name of [...one.members.keys(), ...other.members.keys()]) {
    const merged = stricterOf(memberOf(one, name), memberOf(other, name));
    if (merged !== undefined) members.set(name, merged);
  }
  return {
    members,
    each: stricterOf(one.each, other.each),
    strict: [...new Set([...one.strict, ...other.strict])],
    ofType: one.ofType ?? other.ofType,
  };
}

/** What the shape says of a member, by its normal name. */
export function memberOf(shape: ResolvedShape | undefined, name: string): ShapedMember | undefined {
  return shape?.members.get(name) ?? shape?.each;
}

function stricterOf(
  one: ShapedMember | undefined,
  other: ShapedMember | undefined,
): ShapedMember | undefined {
  return other === undefined ? one : stricter(one, other);
}

function stricter(one: ShapedMember | undefined, other: ShapedMember): ShapedMember {
  return one !== undefined && isStrict(one) ? one : other;
}

function isStrict(member: ShapedMember): member is "strict" | "strict_bytes" {
  return member === "strict" || member === "strict_bytes";
}

const checksumNames = [
  "crc32c",
  "crc32",
  "md5",
  "md5hash",
  "sha1",
  "sha256",
  "sha256hash",
  "sha512",
  "checksum",
  "digest",
];

/**
 * Whether a member holds the checksum of a masked sibling. It is dropped: clients verify it and would take the
 * placeholder for a broken answer, and whoever holds it can test a guess.
 */
export function isChecksumOf(member: string, masked: readonly string[]): boolean {
  if (masked.length === 0) return false;
  return checksumNames.some(
    (checksum) => member === checksum || masked.some((name) => member === name + checksum),
  );
}

/** Fields that Google's clients decode as base64, for shapes that do not say so. */
export const bytesNames: ReadonlySet<string> = new Set(["data", "privatekeydata", "plaintext"]);
