import type { RE2JS } from "re2js";

/** What the operator wants masked besides what is always masked. Made by `parseMaskingRules`. */
export interface MaskingRules {
  readonly fields: readonly FieldRule[];
  readonly names: readonly NameRule[];
  readonly patterns: readonly PatternRule[];
  /** SHA-256 over the documents, hex. */
  readonly version: string;
}

/** One place in the answers or requests of some operations. */
export interface FieldRule {
  readonly name: string;
  /** Segments of the operation pattern. */
  readonly operation: readonly string[];
  /** Segments of the path, each in its normal spelling or a wildcard; arrays have no segment. */
  readonly path: readonly string[];
}

/** Members of a name, wherever they are. */
export interface NameRule {
  readonly name: string;
  readonly pattern: RE2JS;
}

/** Text that looks like something, in strings, numbers and member names. */
export interface PatternRule {
  readonly name: string;
  readonly pattern: RE2JS;
}
