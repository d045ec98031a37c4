import { parseClass, parseFlag } from "../../src/catalogue/catalogue-file.ts";
import type { OperationFlag, RiskClass } from "../../src/catalogue/index.ts";
import { compileOperationPattern, type OperationTest } from "../../src/catalogue/index.ts";
import { dottedId } from "./identifiers.ts";
import type { PermissionRule } from "./permission.ts";
import { type Row, readTable } from "./table.ts";

// What people decided and no package says. One file a subject under curated/, one line a decision, each with a reason.

export interface ClassOverride {
  readonly id: string;
  readonly verb: string;
  readonly class: RiskClass;
  readonly reason: string;
}

/** A pattern over operation ids, with the number of ids it must match: more or fewer means somebody should look. */
export interface CountedPattern {
  readonly pattern: string;
  readonly isMeant: OperationTest;
  readonly count: number;
  readonly reason: string;
}

export interface FlagRule extends CountedPattern {
  readonly flag: OperationFlag;
}

export interface AliasRule extends CountedPattern {
  readonly alias: string;
}

export interface SecretField {
  readonly api: string;
  readonly versions: string;
  readonly schema: string;
  /** Dotted; `[]` after a list is decoration. */
  readonly path: string;
  readonly direction: "request" | "response" | "both";
  readonly kind: "strict" | "bag";
  /** Whether the value is base64 on the wire. */
  readonly isBytes: boolean;
  /** The same field in the protos, e.g. `google.cloud.run.v2.EnvVar.value=2`. */
  readonly protos: readonly string[];
}

export interface Curated {
  /** By `verb id`. Our own lines stand before the seeds. */
  readonly overrides: ReadonlyMap<string, ClassOverride>;
  readonly privileged: readonly CountedPattern[];
  readonly flags: readonly FlagRule[];
  readonly aliases: readonly AliasRule[];
  readonly volatileFields: readonly (CountedPattern & { readonly field: string })[];
  readonly capabilities: readonly (CountedPattern & { readonly field: string })[];
  readonly downloads: readonly CountedPattern[];
  /** Collections whose ids may hold an encoded slash, by API. */
  readonly slashes: ReadonlyMap<string, readonly string[]>;
  readonly secretFields: readonly SecretField[];
  /** By the first segment of the ids. */
  readonly permissions: ReadonlyMap<string, PermissionRule>;
  /** Names of resources in the messages of rpcs, by rpc, where the annotations do not give them whole. */
  readonly rpcResources: ReadonlyMap<string, readonly string[]>;
}

export function readCurated(): Curated {
  return {
    overrides: readOverrides(),
    privileged: readTable("privileged", ["pattern", "count", "reason"]).map(countedPattern),
    flags: readTable("flags", ["flag", "pattern", "count", "reason"]).map((row) => ({
      ...countedPattern(row),
      flag: parseFlag(row["flag"] ?? ""),
    })),
    aliases: readTable("aliases", ["alias", "pattern", "count", "reason"]).map((row) => ({
      ...countedPattern(row),
      alias: row["alias"] ?? "",
    })),
    volatileFields: readTable("volatile-fields", ["field", "pattern", "count", "reason"]).map(withField),
    capabilities: readTable("capabilities", ["field", "pattern", "count", "reason"]).map(withField),
    downloads: readTable("downloads", ["pattern", "count", "reason"]).map(countedPattern),
    slashes: readSlashes(),
    secretFields: readSecretFields(),
    permissions: readPermissionRules(),
    rpcResources: new Map(
      readTable("rpc-resources", ["rpc", "names", "reason"]).map(({ rpc = "", names = "" }) => [
        rpc,
        names.split(" | "),
      ]),
    ),
  };
}

function countedPattern(row: Row): CountedPattern {
  const pattern = row["pattern"] ?? "";
  const reason = row["reason"] ?? "";
  const count = Number(row["count"]);
  if (!Number.isInteger(count) || reason === "") throw new Error(`${pattern}: needs a count and a reason`);
  return { pattern, isMeant: inBothSpellings(compileOperationPattern(pattern)), count, reason };
}

/** `**.setIamPolicy` also means `google.iam.v1.IAMPolicy/SetIamPolicy`, an operation that goes by the name of its rpc. */
function inBothSpellings(isMeant: OperationTest): OperationTest {
  return (operation) => {
    const { id, aliases } = operation;
    if (!id.includes("/") || isMeant(operation)) return isMeant(operation);
    return isMeant({ id: dottedId(id), aliases });
  };
}

function withField(row: Row): CountedPattern & { field: string } {
  return { ...countedPattern(row), field: row["field"] ?? "" };
}

/** What each list of the seeds means, for people. */
const seedReasons: Readonly<Record<string, string>> = {
  secret: "hands out or makes a credential or secret",
  "get-mutates": "changes state although it is a GET",
  body: "the body decides what it does; this is the worst it can be",
  destroys: "destroys or overwrites although its name does not say so",
  "not-read": "changes state although its name sounds like reading",
};

function readOverrides(): Map<string, ClassOverride> {
  const overrides = new Map<string, ClassOverride>();
  const add = (row: Row, verb: string | undefined, reason: string): void => {
    const override = { id: row["id"] ?? "", verb: verb ?? "", class: parseClass(row["class"] ?? ""), reason };
    const key = `${override.verb} ${override.id}`;
    if (!overrides.has(key)) overrides.set(key, override);
  };
  for (const row of readTable("overrides", ["id", "verb", "class", "reason"]))
    add(row, row["verb"], row["reason"] ?? "");
  for (const row of readTable("risk-seeds", ["id", "http", "class", "list", "note"])) {
    const reason = seedReasons[row["list"] ?? ""];
    if (reason === undefined) throw new Error(`unknown list ${row["list"]}`);
    add(row, row["http"], row["note"] === "-" ? reason : `${reason} (${row["note"]})`);
  }
  return overrides;
}

function readSlashes(): Map<string, string[]> {
  const slashes = new Map<string, string[]>();
  for (const row of readTable("encoded-slashes", ["api", "collection", "reason"])) {
    const api = row["api"] ?? "";
    slashes.set(api, [...(slashes.get(api) ?? []), row["collection"] ?? ""]);
  }
  return slashes;
}

function readPermissionRules(): Map<string, PermissionRule> {
  const listOf = (cell = "-"): string[] => (cell === "-" ? [] : cell.split(","));
  const rules = readTable("permissions", ["api", "service", "except", "verbs"]).map(
    ({ api = "", service = "", except, verbs }): PermissionRule => ({
      api,
      service,
      except: listOf(except).map((end) => end.split(".")),
      verbs: new Set(listOf(verbs)),
    }),
  );
  return new Map(rules.map((rule) => [rule.api, rule]));
}

function readSecretFields(): SecretField[] {
  const columns = ["api", "version", "schema", "field", "proto", "direction", "class", "why"];
  const bytes = new Set(
    readTable("byte-fields", ["api", "schema", "field"]).map((row) => Object.values(row).join(" ")),
  );
  return readTable("secret-fields", columns).map((row) => {
    const { direction, class: kind } = row;
    if (direction !== "request" && direction !== "response" && direction !== "both")
      throw new Error("bad direction");
    if (kind !== "strict" && kind !== "bag") throw new Error("bad kind");
    return {
      api: row["api"] ?? "",
      versions: row["version"] ?? "",
      schema: row["schema"] ?? "",
      path: (row["field"] ?? "").replaceAll("[]", ""),
      direction,
      kind,
      isBytes: bytes.has(`${row["api"]} ${row["schema"]} ${row["field"]}`),
      protos: row["proto"] === "-" ? [] : (row["proto"] ?? "").split(";"),
    };
  });
}
