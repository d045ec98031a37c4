import { limits } from "#lib/limits";
import type { Finding } from "./finding.ts";
import type { MaskingSubject } from "./masker.ts";
import type { FieldRule, MaskingRules } from "./rules.ts";
import {
  isCarrier,
  isSecretSetting,
  isSecretValue,
  judgeName,
  judgeSetting,
  type NameVerdict,
  nameCharsMax,
} from "./secret-name.ts";
import { coversSegments } from "./segments.ts";
import { bytesNames, memberOf, mergeShapes, normalName, type ResolvedShape, ShapeResolver } from "./shape.ts";

/** Why something is masked. */
export type Cause = Pick<Finding, "detector" | "rule">;

/** What applies to a value by where it stands. Arrays pass it on to their elements. */
export interface Treatment {
  /** Every leaf here and below is masked, whatever it looks like. */
  readonly forced: Cause | undefined;
  readonly shape: ResolvedShape | undefined;
  /** The leaves are settings of the owner and looked at one by one. */
  readonly isBag: boolean;
  /** The name of the member, "" at the root. */
  readonly name: string;
  readonly verdict: NameVerdict;
  /** Clients decode the value as base64, so what replaces it must be base64. */
  readonly isBytes: boolean;
}

/** Decides layers 1, 2 and 4 for each place of one document. Knows no values but those it is asked about. */
export class Treatments {
  readonly #rules: MaskingRules;
  readonly #fields: readonly FieldRule[];
  readonly #subject: MaskingSubject;
  readonly #shapes = new ShapeResolver();
  /** Lists repeat the same members at the same place; judging a name costs more than remembering it. */
  #members = new WeakMap<Treatment, Map<string, Treatment>>();
  #remembered = 0;

  constructor(rules: MaskingRules, subject: MaskingSubject) {
    this.#rules = rules;
    this.#subject = subject;
    const operation = subject.operation.split(".");
    this.#fields = rules.fields.filter((field) => coversSegments(field.operation, operation));
  }

  /** Members kept in memory at the moment; never more than `limits.maskMembersRememberedMax`. */
  get remembered(): number {
    return this.#remembered;
  }

  root(): Treatment {
    const shape = this.#subject.shape;
    return {
      forced: undefined,
      shape: shape === undefined ? undefined : this.#shapes.resolve(shape),
      isBag: false,
      name: "",
      verdict: "none",
      isBytes: false,
    };
  }

  /** `path` gives the names of all enclosing members and of this one. */
  member(parent: Treatment, name: string, path: () => readonly string[]): Treatment {
    const member = this.#rememberedMember(parent, name);
    if (member.forced !== undefined || this.#fields.length === 0) return member;
    const normal = path().map(comparable);
    const field = this.#fields.find((each) => coversSegments(each.path, normal));
    if (field === undefined) return member;
    return { ...member, forced: { detector: "operator_field", rule: field.name } };
  }

  /** The same place once the type of its google.protobuf.Any is known. */
  ofType(place: Treatment, typeUrl: string): Treatment {
    const shape = place.shape?.ofType?.(typeUrl);
    if (shape === undefined || place.shape === undefined) return place;
    return { ...place, shape: mergeShapes(place.shape, this.#shapes.resolve(shape)) };
  }

  /** The same place once it is known that the type of its google.protobuf.Any was left out: it may be any. */
  ofUnknownType(place: Treatment): Treatment {
    return { ...place, forced: strictCause };
  }

  /** Normal names of the members of an object at `path` that will be masked, and whose checksums must go. */
  maskedMembers(place: Treatment, path: () => readonly string[]): readonly string[] {
    if (place.forced !== undefined) return [];
    const strict = place.shape?.strict ?? [];
    if (this.#fields.length === 0) return strict;
    const normal = path().map(comparable);
    const ends = this.#fields.flatMap((field) => {
      const last = field.path.at(-1) ?? "**";
      return !last.startsWith("*") && coversSegments(field.path.slice(0, -1), normal) ? [last] : [];
    });
    return [...strict, ...ends];
  }

  /** Whether the value of a leaf is a secret by its name, or by its looks in a bag. `name` is what it goes by. */
  secretBy(place: Treatment, name: string, value: string): Cause | undefined {
    const judge = place.isBag ? judgeSetting : judgeName;
    const verdict = name === place.name ? place.verdict : judge(name);
    if (place.isBag) return isSecretSetting(verdict, value) ? settingCause : undefined;
    return isSecretValue(verdict, value) ? secretNameCause : undefined;
  }

  #rememberedMember(parent: Treatment, name: string): Treatment {
    const known = this.#members.get(parent)?.get(name);
    if (known !== undefined) return known;
    const member = this.#judgeMember(parent, name);
    if (name.length <= nameCharsMax) this.#remember(parent, name, member);
    return member;
  }

  /** Places form a tree, so that a limit for each place would bound nothing: what is full is forgotten as a whole. */
  #remember(parent: Treatment, name: string, member: Treatment): void {
    if (this.#remembered >= limits.maskMembersRememberedMax) {
      this.#members = new WeakMap();
      this.#remembered = 0;
    }
    const members = this.#members.get(parent) ?? new Map<string, Treatment>();
    this.#members.set(parent, members.set(name, member));
    this.#remembered += 1;
  }

  #judgeMember(parent: Treatment, name: string): Treatment {
    const normal = normalName(name);
    const shaped = memberOf(parent.shape, normal);
    const isStrict = shaped === "strict" || shaped === "strict_bytes";
    const isBag = parent.isBag || shaped === "bag";
    return {
      forced: parent.forced ?? (isStrict ? strictCause : this.#operatorName(name)),
      shape: typeof shaped === "object" ? this.#shapes.resolve(shaped) : undefined,
      isBag,
      name,
      verdict: isCarrier(name) ? parent.verdict : isBag ? judgeSetting(name) : judgeName(name),
      isBytes: shaped === "strict_bytes" || bytesNames.has(normal),
    };
  }

  #operatorName(name: string): Cause | undefined {
    const rule = this.#rules.names.find(({ pattern }) => pattern.matches(name));
    return rule === undefined ? undefined : { detector: "operator_name", rule: rule.name };
  }
}

const strictCause: Cause = { detector: "catalogue", rule: "strict" };
export const secretNameCause: Cause = { detector: "name", rule: "secret_name" };
export const settingCause: Cause = { detector: "name", rule: "setting" };

/**
 * An enclosing name as rules write it. No rule's is as long as those that stay as they are: each member below would pay for
 * them anew.
 */
function comparable(name: string): string {
  return name.length > nameCharsMax ? name : normalName(name);
}
