import type { SecretShape } from "#lib/secret-shape";
import {
  type Finding,
  type MaskingRules,
  type MaskingSubject,
  parseMaskingRules,
  planMasking,
} from "#masking";

export const rulesOf = (yaml: string): MaskingRules => {
  const parsed = parseMaskingRules([{ file: "masking.yaml", text: yaml }]);
  if (parsed.kind === "problems") throw new Error(JSON.stringify(parsed.problems));
  return parsed.rules;
};
export const noRules = rulesOf("masking: {}");

export const shapeOf = (
  fields: Record<string, "strict" | "strict_bytes" | "bag" | SecretShape>,
): SecretShape => ({
  fields: new Map(Object.entries(fields)),
});

export const secretVersion = shapeOf({ payload: shapeOf({ data: "strict_bytes" }) });

const subjectOf = (change: Partial<MaskingSubject> = {}): MaskingSubject => ({
  operation: "secretmanager.projects.secrets.versions.access",
  direction: "answer",
  contentType: "application/json; charset=UTF-8",
  contentEncoding: undefined,
  shape: undefined,
  placeholder: (path) => `[masked ${path}]`,
  ownCredentials: [],
  ...change,
});

export interface Masked {
  readonly text: string;
  readonly error: string | undefined;
  readonly findings: readonly Finding[];
}

export async function maskBytes(
  bytes: Uint8Array,
  change: Partial<MaskingSubject> = {},
  rules = noRules,
  pieceBytes = 7,
): Promise<Masked> {
  const plan = planMasking(rules, subjectOf(change));
  if (plan.kind === "refuse") return { text: "", error: `refused: ${plan.reason}`, findings: [] };
  const { stream, findings } = plan.open();
  const out: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => out.push(chunk));
  const error = await new Promise<string | undefined>((resolve) => {
    stream.on("error", (problem) =>
      resolve("code" in problem ? `${String(problem.code)}: ${problem.message}` : "?"),
    );
    stream.on("end", () => resolve(undefined));
    for (let at = 0; at < bytes.length; at += pieceBytes) stream.write(bytes.subarray(at, at + pieceBytes));
    stream.end();
  });
  return { text: Buffer.concat(out).toString("utf8"), error, findings };
}

export const mask = (
  text: string,
  change: Partial<MaskingSubject> = {},
  rules = noRules,
  piece = 7,
): Promise<Masked> => maskBytes(Buffer.from(text), change, rules, piece);
