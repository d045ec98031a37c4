import type { ApiVersion, Method } from "./intermediate.ts";
import { pairMethods } from "./merge.ts";

/** What both sources say of a method, as text. */
const facts: readonly { readonly fact: string; readonly read: (method: Method) => string }[] = [
  { fact: "id", read: ({ id }) => id },
  { fact: "verb", read: ({ verb }) => verb },
  { fact: "host", read: ({ host }) => host },
  { fact: "template", read: ({ template }) => template },
  { fact: "upload", read: ({ uploadTemplate }) => uploadTemplate ?? "none" },
  { fact: "request", read: ({ requestSchema }) => requestSchema ?? "none" },
  { fact: "response", read: ({ responseSchema }) => responseSchema ?? "none" },
  { fact: "repeated", read: repeatedParametersOf },
];

function repeatedParametersOf({ queryParameters }: Method): string {
  const names = queryParameters.filter(({ isRepeated }) => isRepeated).map(({ name }) => name);
  return names.sort().join(" ") || "none";
}

export interface Disagreement {
  readonly fact: string;
  /** A sentence: the method, and what each source says. */
  readonly text: string;
}

/** How well the package, whose paths are derived from examples, agrees with Discovery, which is the truth. */
export interface Comparison {
  readonly shared: number;
  readonly discoveryOnly: readonly string[];
  readonly npmOnly: readonly string[];
  /** Of `npmOnly`, those that the merge leaves out because their path would be a guess. */
  readonly leftOut: readonly string[];
  readonly disagreements: readonly Disagreement[];
  /** Ids whose path the package's reader had to guess and Discovery knows. */
  readonly noLongerGuessed: readonly string[];
}

export function compareVersions(discovery: ApiVersion, npm: ApiVersion): Comparison {
  const { pairs, discoveryOnly, npmOnly } = pairMethods(discovery.methods, npm.methods);
  const name = ({ id }: Method): string => `${id} (${discovery.version})`;
  return {
    shared: pairs.length,
    discoveryOnly: discoveryOnly.map(name),
    npmOnly: npmOnly.map(name),
    leftOut: npmOnly.filter(({ isApproximate }) => isApproximate).map(name),
    disagreements: pairs.flatMap((pair) => disagreementsOf(pair.discovery, pair.npm)),
    noLongerGuessed: pairs.flatMap((pair) => (pair.npm.isApproximate ? [name(pair.discovery)] : [])),
  };
}

function disagreementsOf(discovery: Method, npm: Method): Disagreement[] {
  return facts.flatMap(({ fact, read }) => {
    const isGuess = npm.isApproximate && (fact === "template" || fact === "upload");
    if (isGuess || read(discovery) === read(npm)) return [];
    const where = `${discovery.id} (${discovery.version})`;
    return [{ fact, text: `${where}: ${fact} is ${read(discovery)}, derived was ${read(npm)}` }];
  });
}

/** For people: a line of counts, and a page (Markdown) that names every method. */
export function describeComparisons(comparisons: readonly Comparison[]): {
  summary: string;
  details: string;
} {
  const disagreements = comparisons.flatMap((each) => each.disagreements);
  const shared = comparisons.reduce((sum, each) => sum + each.shared, 0);
  const lists = {
    "only in Discovery": comparisons.flatMap((each) => each.discoveryOnly),
    "only in the package": comparisons.flatMap((each) => each.npmOnly),
    "left out, because the path would be a guess": comparisons.flatMap((each) => each.leftOut),
    "no longer guessed": comparisons.flatMap((each) => each.noLongerGuessed),
    ...Object.fromEntries(
      facts.map(({ fact }) => [
        `another ${fact}`,
        disagreements.filter((each) => each.fact === fact).map(({ text }) => text),
      ]),
    ),
  };
  const counts = Object.entries(lists).map(([title, names]) => `${names.length} ${title}`);
  const sections = Object.entries(lists)
    .filter(([, names]) => names.length > 0)
    .map(
      ([title, names]) => `## ${names.length} ${title}\n\n${names.map((name) => `- ${name}`).join("\n")}\n`,
    );
  return {
    summary: `catalogue: ${shared} methods in both sources; ${counts.join(", ")}`,
    details: `# The package against Discovery\n\n${shared} methods are in both.\n\n${sections.join("\n")}`,
  };
}
