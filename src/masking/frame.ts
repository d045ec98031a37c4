import { limits } from "#lib/limits";
import type { Collector } from "./collector.ts";
import type { LexerMark } from "./json-lexer.ts";
import type { Setting } from "./setting.ts";
import type { Treatment } from "./treatment.ts";

/** An open object or array of the document. Owned by the JsonMasker. */
export interface Frame {
  readonly isObject: boolean;
  /** What applies to the object or array as a whole. */
  place: Treatment;
  /** The member that is being read, and what applies to it; in an array, what applies to each element. */
  name: string;
  member: Treatment;
  /** Normal names of the masked members, whose checksums are dropped. */
  masked: readonly string[];
  membersSeen: number;
  hasMembersOut: boolean;
  isTypeKnown: boolean;
  typesSeen: number;
  setting: Setting | undefined;
  /** The setting within whose value this object or array is. */
  settingAround: Setting | undefined;
}

/** An object that may be a google.protobuf.Any, kept as it came until its `@type` is known. */
export interface Hold {
  readonly mark: LexerMark;
  readonly kept: Collector;
  /** Depth below the members of the object. */
  depth: number;
  name: string;
}

export function openFrame(isObject: boolean, place: Treatment): Frame {
  return {
    isObject,
    place,
    name: "",
    member: place,
    masked: [],
    membersSeen: 0,
    hasMembersOut: false,
    isTypeKnown: false,
    typesSeen: 0,
    setting: undefined,
    settingAround: undefined,
  };
}

export function isTypeMember({ isObject, place, member }: Frame): boolean {
  return (
    isObject && member.name === "@type" && place.shape?.ofType !== undefined && place.forced === undefined
  );
}

/** Names of the enclosing members, outermost first; arrays have none. */
export function pathOf(frames: readonly Frame[]): string[] {
  return frames.filter((frame) => frame.isObject).map((frame) => frame.name);
}

/**
 * The same place for people, e.g. `keys[].privateKeyData`. The first frame is the document itself. Names are the
 * agent's or the upstream's own, so that long ones, and the middle of long paths, are cut to `…`.
 */
export function labelOf(frames: readonly Frame[]): string {
  const label = frames.slice(1).reduce((above, frame) => {
    if (!frame.isObject) return `${above}[]`;
    const name = shortened(frame.name, limits.findingPathCharsMax / 4);
    return above === "" ? name : `${above}.${name}`;
  }, "");
  return shortened(label, limits.findingPathCharsMax);
}

/** Keeps beginning and end. A character of two units that the cut halves becomes U+FFFD. */
function shortened(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const half = charsMax / 2;
  return `${text.slice(0, half - 1)}…${text.slice(-half)}`.toWellFormed();
}
