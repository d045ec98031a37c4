import type { CatalogueFile, CatalogueManifest } from "../../src/catalogue/catalogue-file.ts";
import { countRoutes } from "./collisions.ts";

const classes = ["read", "write", "destructive", "privileged", "secret_read"] as const;

type Operations = CatalogueFile["operations"];

/** docs/catalogue.md: what is carried, counted, and the aliases. Written by the generator, so that it cannot be out of date. */
export function page(files: readonly CatalogueFile[], manifest: CatalogueManifest): string {
  const operations = files.flatMap((file) => file.operations);
  return `# The catalogue

What Gatehouse knows of Google's methods: made by \`npm run catalogue\` from ${nameInputs(manifest.inputs)} and the curated files in
\`tools/catalogue/curated\`; this page is written by the same command. Methods that are not here are \`unknown\` and refused.

\`\`\`sh
gatehouse catalogue search secrets.versions          # ids and aliases that contain a text
gatehouse catalogue show run.deploy                  # routes, class and why, secret fields, permission
gatehouse catalogue match 'DELETE https://storage.googleapis.com/storage/v1/b/bucket'
gatehouse catalogue match - < calls.txt              # many calls, a line of JSON each
\`\`\`

## What it covers

${coverage(files, manifest)}

## How far to trust the classes

Rules and tables decide, not names alone: \`tools/catalogue/names.ts\` has the words, \`curated/privileged.tsv\`, \`overrides.tsv\` and
\`risk-seeds.tsv\` the exact decisions, each with its reason. They were measured by 492 methods drawn by lot from every class, verb and
kind of name, which two automated readers (language models, not people) judged from the descriptions alone, without knowing the rules or what
the catalogue says. When they had finished, 446 of 492 classes were the same (90.7 %), 8 harsher and 38 milder than theirs; none that they found destructive,
privileged or handing out secrets was classed as a read. After a second look 15 were changed and the
other differences settled by us, so the test below guards against regressions and measures nothing anew. \`src/catalogue/vectors/blind-read.tsv\` keeps every
verdict, and says where we differ and why; a test holds the catalogue to it.

A class is the worst a method can do. For some the body decides ([policies.md](policies.md)); gRPC bodies are not read yet, so for them the worst stands.

## Permissions

${permissionCounts(operations)}

Nothing that Google publishes for machines says which IAM permission a method asks for: they help people, and are no ground to decide
on. 280 derived names of some seventeen APIs were compared by eye with the community's iam-dataset: 272 were among the permissions it
gives, and the rules behind the other eight were dropped. The other APIs were only held against a list of permissions that exist, from
which their exceptions were chosen, so for those no share of right names is known.

## API versions

| API | host | methods | ${classes.join(" | ")} |
| --- | --- | --- | ${classes.map(() => "---").join(" | ")} |
${files.map(versionRow).join("\n")}

## Aliases

Names people already use; policies take them wherever they take ids. \`gatehouse catalogue show ALIAS\` lists everything one stands for.

| alias | operations |
| --- | --- |
${aliasRows(operations).join("\n")}
`;
}

function coverage(files: readonly CatalogueFile[], { counts }: CatalogueManifest): string {
  const { routes, repeated, overlaps, differing } = countRoutes(files);
  const count = (name: string): string => String(counts[name] ?? 0);
  const rows = [
    ["APIs", new Set(files.map(({ api }) => api)).size],
    ["API versions", count("apiVersions")],
    ["hosts with REST methods", count("hosts")],
    ["hosts with gRPC methods", `${count("rpcHosts")}, ${count("rpcHostsNotInRest")} of them with no other`],
    ["methods, each version by itself", count("operations")],
    ["operation ids", count("ids")],
    ["routes: host, verb and path", routes],
    ["routes that several versions of one method share", repeated],
    ["pairs of methods whose paths overlap", overlaps],
    ["of them with different classes", differing.length],
    ["paths whose shape was guessed", count("approximate")],
    ["gRPC methods", `${count("rpcs")} of ${count("rpcServices")} services`],
    ["gRPC methods with the id of a REST method", count("rpcsJoined")],
    ["gRPC methods under a name of their own", count("rpcsOfTheirOwn")],
    ["secret fields by field number", count("secretFieldsByNumber")],
  ] as const;
  const table = rows.map(([what, value]) => `| ${what} | ${value} |`).join("\n");
  const pairs = differing.map((pair) => `- ${pair}`).join("\n");
  return `| what | count |
| --- | --- |
${table}

Where paths overlap, a literal is believed before one segment of any kind, and that before several. These overlap and differ in class:

${pairs}`;
}

function versionRow(file: CatalogueFile): string {
  const counts = classes.map((name) => file.operations.filter((row) => row.class === name).length);
  return `| ${file.api} ${file.version} | \`${file.service}\` | ${file.operations.length} | ${counts.join(" | ")} |`;
}

/** Names and versions; the digests are in the manifest. */
function nameInputs(inputs: CatalogueManifest["inputs"]): string {
  return Object.entries(inputs)
    .map(([name, version]) => `${name} ${version.replace(/ sha256:.*/, "")}`)
    .join(", ");
}

function permissionCounts(operations: Operations): string {
  const idsOf = (basis: string): number =>
    new Set(operations.filter(({ permission }) => permission?.basis === basis).map(({ id }) => id)).size;
  return `${idsOf("described")} operation ids state the permission they ask for in their description; of ${idsOf("derived")} it follows from the name.`;
}

const shownMax = 6;

function aliasRows(operations: Operations): string[] {
  const ids = new Map<string, Set<string>>();
  for (const { id, aliases } of operations) {
    for (const alias of aliases) ids.set(alias, (ids.get(alias) ?? new Set()).add(id));
  }
  return [...ids]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([alias, of]) => {
      const all = [...of].sort();
      const shown = all.slice(0, shownMax).map((id) => `\`${id}\``);
      const more = all.length > shownMax ? ` and ${all.length - shownMax} more` : "";
      return `| \`${alias}\` | ${shown.join(", ")}${more} |`;
    });
}
