import type { CatalogueFile } from "../../src/catalogue/catalogue-file.ts";

const classes = ["read", "write", "destructive", "privileged", "secret_read"] as const;

/** docs/catalogue.md: what is carried, counted, and the aliases. Written by the generator, so that it cannot be out of date. */
export function page(files: readonly CatalogueFile[], inputs: Readonly<Record<string, string>>): string {
  const operations = files.flatMap((file) => file.operations);
  const rows = files.map((file) => {
    const counts = classes.map((name) => file.operations.filter((row) => row.class === name).length);
    return `| ${file.api} ${file.version} | \`${file.service}\` | ${file.operations.length} | ${counts.join(" | ")} |`;
  });
  return `# The catalogue

What Gatehouse knows of Google's methods: made by \`npm run catalogue\` from ${nameInputs(inputs)} and the curated files in
\`tools/catalogue/curated\`; this page is written by the same command. Methods that are not here are \`unknown\` and refused.
\`gatehouse catalogue search TEXT\` and \`gatehouse catalogue match 'METHOD https://…'\` look things up.

${operations.length} methods in ${files.length} API versions, ${new Set(operations.map(({ id }) => id)).size} operation ids; ${operations.filter(({ isApproximate }) => isApproximate).length} paths were guessed.

| API | host | methods | ${classes.join(" | ")} |
| --- | --- | --- | ${classes.map(() => "---").join(" | ")} |
${rows.join("\n")}

## Permissions

${permissionCounts(operations)}

Nothing that Google publishes for machines says which IAM permission a method asks for: they help people, and are no ground to decide
on. 280 derived names of some seventeen APIs were compared by eye with the community's iam-dataset: 272 were among the permissions it
gives, and the rules behind the other eight were dropped. The other APIs were only held against a list of permissions that exist, from
which their exceptions were chosen, so for those no share of right names is known.

## Aliases

Names people already use; policies take them wherever they take ids.

| alias | operations |
| --- | --- |
${aliasRows(operations).join("\n")}
`;
}

/** Names and versions; the digests are in the manifest. */
function nameInputs(inputs: Readonly<Record<string, string>>): string {
  return Object.entries(inputs)
    .map(([name, version]) => `${name} ${version.replace(/ sha256:.*/, "")}`)
    .join(", ");
}

function permissionCounts(operations: CatalogueFile["operations"]): string {
  const idsOf = (basis: string): number =>
    new Set(operations.filter(({ permission }) => permission?.basis === basis).map(({ id }) => id)).size;
  return `${idsOf("described")} operation ids state the permission they ask for in their description; of ${idsOf("derived")} it follows from the name.`;
}

function aliasRows(operations: CatalogueFile["operations"]): string[] {
  const ids = new Map<string, Set<string>>();
  for (const { id, aliases } of operations) {
    for (const alias of aliases) ids.set(alias, (ids.get(alias) ?? new Set()).add(id));
  }
  return [...ids]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(
      ([alias, of]) =>
        `| \`${alias}\` | ${[...of]
          .sort()
          .map((id) => `\`${id}\``)
          .join(", ")} |`,
    );
}
