/** What is wrong with a policy document, where, and what to do about it. Lines and columns count from 1. */
export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly policy: string | undefined;
  readonly rule: string | undefined;
  readonly code: PolicyProblemCode;
  /** One sentence on the mistake, one on the next step. */
  readonly message: string;
}

export type PolicyProblemCode =
  | "not_yaml"
  | "too_large"
  | "wrong_shape"
  | "unknown_key"
  | "duplicate_name"
  | "bad_operation"
  | "bad_condition";

/** `file:line:column: policy/rule: message`, one line, as compilers print it. */
export function printProblem({ file, line, column, policy, rule, message }: PolicyProblem): string {
  const place = policy === undefined ? "" : `${policy}${rule === undefined ? "" : `/${rule}`}: `;
  return `${file}:${line}:${column}: ${place}${message}`;
}
