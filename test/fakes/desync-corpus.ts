import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

// Read where it lies: the corpus is not ours, and no copy of it is kept here.
const root = fileURLToPath(new URL("../../", import.meta.url));
const corpora = process.env["GATEHOUSE_CORPORA"] ?? join(root, "../shared/corpora");
const folder = join(corpora, "http-desync", "tests");

export const isCorpusPresent = existsSync(folder);
if (!isCorpusPresent) console.log(`http-desync: skipped, no corpus at ${folder} (set GATEHOUSE_CORPORA)`);

const desyncCase = z.object({
  name: z.string(),
  method: z.string(),
  uri: z.string(),
  version: z.string(),
  headers: z.array(z.object({ name: z.string(), value: z.coerce.string() })).nullish(),
  expected: z.object({ tier: z.enum(["Severe", "Ambiguous", "Acceptable", "Compliant"]) }),
});

/** One request, graded by how likely two servers are to read it differently. */
export type DesyncCase = z.infer<typeof desyncCase>;

export function readDesyncCases(): DesyncCase[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => z.array(desyncCase).parse(parse(readFileSync(join(folder, name), "utf8"))));
}
