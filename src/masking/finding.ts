/** One place where something secret was, named without its value. */
export interface Finding {
  /** JSON path of the member, e.g. `payload.data` or `keys[].privateKeyData`; for text, `text`. */
  readonly path: string;
  /** Which layer found it. */
  readonly detector:
    | "catalogue"
    | "name"
    | "operator_field"
    | "operator_name"
    | "operator_pattern"
    | "own_credential";
  readonly rule: string;
}
