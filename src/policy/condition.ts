import type { ASTNode } from "@marcbachmann/cel-js";
import { riskClasses } from "#lib/entry-words";
import { limits } from "#lib/limits";
import { type ConditionScope, declaredNames, environment, fieldsOf } from "./condition-scope.ts";
import { childrenOf, projectsNamed } from "./condition-tree.ts";

/** What a condition said about one call. A failure is neither true nor false; the rule's effect decides what it means. */
export type ConditionResult = boolean | { readonly failure: string };
export type Condition = (scope: ConditionScope) => ConditionResult;

export type CompiledCondition =
  | {
      readonly kind: "condition";
      readonly condition: Condition;
      /** Projects, ids and numbers, that the condition holds for by name. */
      readonly projectsNamed: readonly string[];
    }
  | { readonly kind: "refused"; readonly message: string };

/**
 * Functions a condition may call. Left out: `matches`, whose engine backtracks, so that one resource name could hold up
 * everybody; `map`, `join`, `bind`, which can double a string with every step; `dyn` and `type`, which escape the types
 * checked here. What is left costs at most its own length times the length of the longest value, in a loop for each of
 * the principal's groups.
 */
const functions: ReadonlySet<string> = new Set([
  "all",
  "contains",
  "duration",
  "endsWith",
  "exists",
  "exists_one",
  "filter",
  "getDate",
  "getDayOfMonth",
  "getDayOfWeek",
  "getDayOfYear",
  "getFullYear",
  "getHours",
  "getMilliseconds",
  "getMinutes",
  "getMonth",
  "getSeconds",
  "has",
  "int",
  "lowerAscii",
  "size",
  "split",
  "startsWith",
  "string",
  "timestamp",
]);
const classes: readonly string[] = riskClasses;
const loops: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "filter"]);

/**
 * Parses and type-checks a CEL expression once. It must be a bool over the declared names.
 * The compiled condition never throws.
 */
export function compileCondition(source: string): CompiledCondition {
  if (source.length > limits.conditionCharsMax) {
    return refused(`is longer than ${limits.conditionCharsMax} characters. Split the rule in two.`);
  }
  try {
    const parsed = environment.parse(source);
    const mistake = mistakeIn(parsed.ast, 0);
    if (mistake !== undefined) return refused(mistake);
    const checked = parsed.check();
    if (!checked.valid) return refused(notCel(checked.error));
    if (checked.type !== "bool") {
      return refused(`gives ${checked.type ?? "no type"}, not true or false. Compare it with something.`);
    }
    const condition: Condition = (scope) => run(parsed, scope);
    return { kind: "condition", condition, projectsNamed: projectsNamed(parsed.ast) };
  } catch (error) {
    return refused(notCel(error));
  }
}

function refused(message: string): CompiledCondition {
  return { kind: "refused", message: `The condition ${message}` };
}

function notCel(error: unknown): string {
  return `does not hold together: ${explainError(error)}. It may use ${declaredNames.join(", ")} and their fields.`;
}

function run(parsed: (scope: ConditionScope) => unknown, scope: ConditionScope): ConditionResult {
  try {
    const value = parsed(scope);
    return typeof value === "boolean" ? value : { failure: "the condition gave neither true nor false" };
  } catch (error) {
    return { failure: explainError(error) };
  }
}

/** The first thing in the expression we do not allow although CEL would. */
function mistakeIn(node: ASTNode, loopDepth: number): string | undefined {
  const own = mistakeAt(node, loopDepth);
  if (own !== undefined) return own;
  const depth = node.op === "rcall" && loops.has(node.args[0]) ? loopDepth + 1 : loopDepth;
  for (const child of childrenOf(node)) {
    const mistake = mistakeIn(child, depth);
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}

function mistakeAt(node: ASTNode, loopDepth: number): string | undefined {
  if (node.op === "call") return mistakeInCall(node.args[0], node.args[1]);
  if (node.op === "rcall") return mistakeInMethod(node.args[0], node.args[2], loopDepth);
  if (node.op === "==" || node.op === "!=" || node.op === "in") {
    return mistakeInClass(node.args[0], node.args[1]) ?? mistakeInClass(node.args[1], node.args[0]);
  }
  return undefined;
}

function mistakeInCall(name: string, args: readonly ASTNode[]): string | undefined {
  if (!functions.has(name)) return notAllowed(name);
  const [first] = args;
  if (name === "has") return mistakeInHas(first);
  return first === undefined ? undefined : mistakeInLiteral((literal) => `${name}(${literal})`, first);
}

function mistakeInMethod(name: string, args: readonly ASTNode[], loopDepth: number): string | undefined {
  if (!functions.has(name)) return notAllowed(name);
  if (name === "split" && loopDepth > 0) {
    // An agent who names a thing "////…" would have the loop run thousands of times: measured, 20 s for one decision.
    return 'loops over split(), or calls it in a loop; a name has as many parts as its caller likes. Write "x" in resource.name.split("/").';
  }
  if (loops.has(name)) {
    if (loopDepth > 0) return `nests ${name}() in another loop, whose cost would multiply. Use one loop.`;
    const [variable] = args;
    const shadows = variable?.op === "id" && declaredNames.includes(variable.args);
    return shadows ? `hides ${variable.args} behind a loop variable. Choose another name.` : undefined;
  }
  const [first] = args;
  const isTimeZone = name.startsWith("get") && first !== undefined;
  return isTimeZone ? mistakeInLiteral((literal) => `timestamp(0).${name}(${literal})`, first) : undefined;
}

function notAllowed(name: string): string {
  const instead =
    name === "matches"
      ? "Use startsWith, endsWith or contains."
      : `Allowed are ${[...functions].join(", ")}.`;
  return `calls ${name.slice(0, 50)}(), which is not allowed here. ${instead}`;
}

/** The type check lets a misspelt field in has() pass; it would then be missing for ever. */
function mistakeInHas(argument: ASTNode | undefined): string | undefined {
  if (argument?.op === "." && argument.args[0].op === "id") {
    const [object, field] = argument.args;
    if (typeof object.args === "string" && fieldsOf(object.args)?.includes(field) === true) return undefined;
  }
  return "asks has() for something that is not a field of principal, session, operation, resource or request. Correct its name.";
}

/** A time or time zone that is written out and wrong would fail on every call; better now. */
function mistakeInLiteral(expression: (literal: string) => string, argument: ASTNode): string | undefined {
  if (argument.op !== "value" || typeof argument.args !== "string") return undefined;
  try {
    environment.evaluate(expression(JSON.stringify(argument.args)));
    return undefined;
  } catch {
    const written = JSON.stringify(argument.args);
    return `uses ${written} where it cannot be used. Write times as "2027-01-31T00:00:00Z", durations as "90s", time zones as "Europe/Berlin".`;
  }
}

/** `operation.class == "raed"` type-checks and never holds. */
function mistakeInClass(left: ASTNode, right: ASTNode): string | undefined {
  const isClass =
    left.op === "." &&
    left.args[1] === "class" &&
    left.args[0].op === "id" &&
    left.args[0].args === "operation";
  if (!isClass) return undefined;
  const named = right.op === "list" ? right.args : [right];
  for (const { op, args } of named) {
    if (op === "value" && typeof args === "string" && !classes.includes(args)) {
      return `compares operation.class with "${args}", which is no class. Classes are ${riskClasses.join(", ")}.`;
    }
  }
  return undefined;
}

/** The library's one-line summary; its full message draws the expression over several lines. */
function explainError(error: unknown): string {
  const summary =
    error instanceof Error && "summary" in error && typeof error.summary === "string"
      ? error.summary
      : "it cannot be evaluated";
  const line = (summary.split("\n")[0] ?? "").slice(0, 200);
  const missing = /^No such key: (\w+)$/.exec(line)?.[1];
  return missing === undefined ? line : `there is no field ${missing} here`;
}
