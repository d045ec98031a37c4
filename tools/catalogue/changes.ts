import type { CatalogueFile, OperationRow } from "../../src/catalogue/catalogue-file.ts";

/** What a reviewer should see before a new catalogue is committed, as Markdown. */
export function describeChanges(
  before: readonly CatalogueFile[],
  after: readonly CatalogueFile[],
  suspects: readonly string[],
): string {
  const old = index(before);
  const fresh = index(after);
  const added = [...fresh].filter(([key]) => !old.has(key));
  const removed = [...old.keys()].filter((key) => !fresh.has(key));
  const changed = [...fresh].flatMap(([key, row]) => {
    const was = old.get(key);
    return was === undefined ? [] : differences(was, row).map((text) => `${key}: ${text}`);
  });
  const sections = [
    ["Added", added.map(([key, row]) => `${row.class}: ${key} (${row.http.join(", ")})`).sort()],
    ["Removed", removed],
    ["Changed", changed],
    ["Secret fields", secretChanges(before, after)],
    ["Fields that look secret and are not listed", suspects],
    [
      "Guessed paths",
      after.flatMap(({ operations }) => operations.filter((row) => row.isApproximate).map((row) => row.id)),
    ],
  ] as const;
  return sections
    .map(([title, lines]) => `## ${title}: ${lines.length}\n\n${lines.map((line) => `- ${line}\n`).join("")}`)
    .join("\n");
}

function index(files: readonly CatalogueFile[]): Map<string, OperationRow> {
  return new Map(
    files.flatMap(({ version, operations }) =>
      operations.map((row) => [`${row.id} ${version}`, row] as const),
    ),
  );
}

function differences(was: OperationRow, is: OperationRow): string[] {
  const members = new Set([...Object.keys(was), ...Object.keys(is)]);
  members.delete("why");
  const old = new Map(Object.entries(was));
  const fresh = new Map(Object.entries(is));
  return [...members]
    .filter((member) => JSON.stringify(old.get(member)) !== JSON.stringify(fresh.get(member)))
    .map((member) => `${member} ${JSON.stringify(old.get(member))} → ${JSON.stringify(fresh.get(member))}`);
}

function secretChanges(before: readonly CatalogueFile[], after: readonly CatalogueFile[]): string[] {
  const old = new Set(before.flatMap(secretLines));
  const fresh = new Set(after.flatMap(secretLines));
  return [
    ...[...fresh].filter((line) => !old.has(line)).map((line) => `new: ${line}`),
    ...[...old].filter((line) => !fresh.has(line)).map((line) => `gone: ${line}`),
  ];
}

function secretLines(file: CatalogueFile): string[] {
  return Object.entries(file.secrets).flatMap(([schema, fields]) =>
    Object.entries(fields)
      .filter(([, code]) => typeof code !== "string" || /^[!#?]/.test(code))
      .map(([field, code]) => `${file.api} ${file.version} ${schema}.${field} ${JSON.stringify(code)}`),
  );
}
