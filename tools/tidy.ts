// Keeps the house in order: what a linter cannot see. Prints every slip and fails if there is one.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join, normalize } from "node:path";

const slips: string[] = [];
const files = walk(".");
const sources = files.filter((file) => /\.(ts|mjs|cjs)$/.test(file) && !file.includes("/generated/"));
const texts = new Map(files.filter(isText).map((file) => [file, readFileSync(file, "utf8")]));

for (const file of sources) checkSource(file, textOf(file));
for (const file of files.filter((each) => each.endsWith(".md"))) checkLinks(file, textOf(file));
checkLength("README.md", 150);
checkLength("ARCHITECTURE.md", 400);
checkDependencies();
checkClaims("docs/claims.md");
checkClaims("docs/attacks.md");
checkErrorCodes();

for (const slip of slips) console.log(slip);
console.log(slips.length === 0 ? `tidy: ${files.length} files in order` : `tidy: ${slips.length} slips`);
process.exitCode = slips.length === 0 ? 0 : 1;

function walk(folder: string): string[] {
  return readdirSync(folder).flatMap((entry) => {
    if (["node_modules", ".git", "data", "coverage", "out"].includes(entry)) return [];
    const path = normalize(join(folder, entry));
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

function isText(file: string): boolean {
  return [".ts", ".mjs", ".cjs", ".md", ".yaml", ".json", ".css", ".sql"].includes(extname(file));
}

function textOf(file: string): string {
  return texts.get(file) ?? "";
}

function checkSource(file: string, text: string): void {
  const lines = text.split("\n");
  // A test file may list more cases than a module may hold decisions.
  const linesMax = file.endsWith(".test.ts") ? 500 : 400;
  if (lines.length > linesMax) {
    slips.push(`${file}: ${lines.length} lines; split what does two things (${linesMax} at most)`);
  }
  if (/\b(utils?|helpers|types|misc|common|manager|service)\.ts$/.test(file)) {
    slips.push(`${file}: named after a kind; name the thing it holds`);
  }
  if (/^src\/[^/]+\/index\.ts$/.test(file) && !text.startsWith("/**")) {
    slips.push(`${file}: a front door opens with what the module answers and must never do`);
  }
  lines.forEach((line, index) => {
    if (/\bTODO\b(?!\(#\d+\))/.test(line) && file !== "tools/tidy.ts")
      slips.push(`${file}:${index + 1}: TODO needs an issue number`);
    if (/\.(only|todo)\(/.test(line)) slips.push(`${file}:${index + 1}: a test runs alone or not at all`);
  });
  if (file.endsWith(".test.ts") && !/\bexpect\b|\bassert\b|Contract\(/.test(text))
    slips.push(`${file}: asserts nothing`);
}

function checkLinks(file: string, text: string): void {
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (target === undefined || /^([a-z]+:|#)/.test(target)) continue;
    const path = normalize(join(dirname(file), target.split("#")[0] ?? ""));
    if (statSync(path, { throwIfNoEntry: false }) === undefined)
      slips.push(`${file}: link to ${target} leads nowhere`);
  }
}

function checkLength(file: string, most: number): void {
  const count = textOf(file).split("\n").length;
  if (count > most) slips.push(`${file}: ${count} lines (${most} at most)`);
}

/** Every dependency has its line: what it does, who keeps it, what replacing it would cost. */
function checkDependencies(): void {
  const page = textOf("docs/dependencies.md");
  for (const name of dependencyNames()) {
    if (!page.includes(`\`${name}\``)) slips.push(`docs/dependencies.md: nothing about ${name}`);
  }
}

function dependencyNames(): string[] {
  const manifest: unknown = JSON.parse(textOf("package.json"));
  if (typeof manifest !== "object" || manifest === null) return [];
  return Object.entries(manifest)
    .filter(([key]) => /dependencies$/i.test(key))
    .flatMap(([, value]: [string, unknown]) =>
      typeof value === "object" && value !== null ? Object.keys(value) : [],
    );
}

/** Every promise names the test that keeps it, every attack the one that tries it: `file` › "name of the test". */
function checkClaims(page: string): void {
  for (const [, file, name] of textOf(page).matchAll(/`([^`]+\.test\.ts)` › "([^"]+)"/g)) {
    if (file === undefined || name === undefined) continue;
    if (!textOf(normalize(file)).includes(name)) slips.push(`${page}: no test "${name}" in ${file}`);
  }
}

/** Every code that people may meet is explained. */
function checkErrorCodes(): void {
  const page = textOf("docs/errors.md");
  for (const file of sources.filter((each) => each.startsWith("src/") && !each.endsWith(".test.ts"))) {
    for (const [, code] of textOf(file).matchAll(/new GatehouseError\(\s*"([a-z_]+)"/g)) {
      if (code !== undefined && !page.includes(`\`${code}\``))
        slips.push(`docs/errors.md: nothing about ${code} (${file})`);
    }
  }
  for (const [, code] of textOf("src/control/refusal.ts").matchAll(/^ {2}([a-z_]+): \{/gm))
    if (code !== undefined && !page.includes(`\`${code}\``))
      slips.push(`docs/errors.md: nothing about ${code} (src/control/refusal.ts)`);
}
