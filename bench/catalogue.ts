import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type CallLine, type Catalogue, loadCatalogue } from "#catalogue";
import { type Figure, median } from "./figure.ts";

const generated = join(import.meta.dirname, "../src/catalogue/generated");
const vectors = join(import.meta.dirname, "../src/catalogue/vectors");

/** Size of the committed data, time and memory of a process that loads it, and the cost of one match. */
export async function measureCatalogue(): Promise<readonly Figure[]> {
  const lone = Array.from({ length: 5 }, () => inFreshProcess("loadCatalogue();"));
  const all = Array.from({ length: 3 }, () =>
    inFreshProcess("globalThis.kept = loadCatalogue(); [...globalThis.kept.operations()].length;"),
  );
  return [
    ...sizes(),
    { what: "loading the catalogue, fresh process", value: median(lone.map(({ ms }) => ms)), unit: "ms" },
    {
      what: "loading and opening every host, fresh process",
      value: median(all.map(({ ms }) => ms)),
      unit: "ms",
    },
    {
      what: "heap and buffers kept with every host opened",
      value: median(all.map(({ bytes }) => bytes)) / 1e6,
      unit: "MB",
      bound: 60,
    },
    ...matching(loadCatalogue()),
  ];
}

function sizes(): Figure[] {
  const names = readdirSync(generated, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const bytes = Buffer.concat(names.map((name) => readFileSync(name)));
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 },
  });
  return [
    { what: `committed data, ${names.length} files`, value: bytes.length / 1e6, unit: "MB" },
    { what: "the same, gzip", value: gzipSync(bytes, { level: 9 }).length / 1e6, unit: "MB", bound: 1 },
    { what: "the same, brotli", value: brotli.length / 1e6, unit: "MB", bound: 1 },
  ];
}

interface FreshProcess {
  readonly ms: number;
  readonly bytes: number;
}

/** Time and kept memory of one statement; modules are imported before the clock starts. */
function inFreshProcess(statement: string): FreshProcess {
  const script = `
    import { loadCatalogue } from "#catalogue";
    gc();
    const before = process.memoryUsage();
    const start = performance.now();
    ${statement}
    const ms = performance.now() - start;
    gc();
    const after = process.memoryUsage();
    const bytes = after.heapUsed + after.external - before.heapUsed - before.external;
    console.log(JSON.stringify([ms, bytes]));`;
  const text = execFileSync(process.execPath, ["--expose-gc", "--input-type=module", "--eval", script], {
    encoding: "utf8",
    cwd: join(import.meta.dirname, ".."),
  });
  const [ms, bytes] = text.trim().slice(1, -1).split(",").map(Number);
  if (ms === undefined || bytes === undefined) throw new Error(`no figures in ${text}`);
  return { ms, bytes };
}

/**
 * The same inputs through `understand` and through the platform's `URL`, in turns. Held to a bound: the golden requests,
 * among them every kind of call an agent makes, and refusals. Reported beside it: one request of every tenth method of all
 * hosts, of which each touches memory nothing else has touched for thousands of calls. No agent works like that.
 */
function matching(catalogue: Catalogue): Figure[] {
  const golden = compare(catalogue, goldenRequests());
  const spread = compare(catalogue, spreadRequests(catalogue));
  return [
    { what: `one match, ${golden.count} golden requests`, value: golden.matchNs, unit: "ns" },
    { what: "new URL(…) on the same", value: golden.urlNs, unit: "ns" },
    { what: "a match in units of new URL(…)", value: golden.matchNs / golden.urlNs, unit: "×", bound: 5 },
    { what: `one match, ${spread.count} requests over all hosts`, value: spread.matchNs, unit: "ns" },
    { what: "the same in units of new URL(…)", value: spread.matchNs / spread.urlNs, unit: "×" },
  ];
}

interface Compared {
  readonly count: number;
  readonly matchNs: number;
  readonly urlNs: number;
}

const rounds = 60;

/** The fastest round is the one that was least disturbed by whatever else the machine does. */
function compare(catalogue: Catalogue, requests: readonly CallLine[]): Compared {
  const lines = requests.map((line) => ({ ...line, host: flat(line.host), target: flat(line.target) }));
  const urls = lines.map(({ host, target }) => flat(`https://${host}${target}`));
  let kept = 0;
  const understand = (): void => {
    for (const line of lines) if (catalogue.understand(line).kind === "call") kept++;
  };
  const parse = (): void => {
    for (const url of urls) kept += new URL(url).protocol.length;
  };
  let [matchNs, urlNs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < rounds; round++) {
    matchNs = Math.min(matchNs, perCall(understand, lines.length));
    urlNs = Math.min(urlNs, perCall(parse, lines.length));
  }
  if (kept === 0) throw new Error("nothing was matched");
  return { count: lines.length, matchNs, urlNs };
}

/** Text in one piece, as it comes off a socket; slices and concatenations are slower to read, for both sides. */
function flat(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function perCall(work: () => void, calls: number): number {
  const turns = Math.ceil(20_000 / calls);
  const start = performance.now();
  for (let turn = 0; turn < turns; turn++) work();
  return ((performance.now() - start) * 1e6) / calls / turns;
}

function goldenRequests(): CallLine[] {
  return readFileSync(join(vectors, "route-cases.tsv"), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter(([, kind]) => kind === "rest")
    .map(([, , method = "", host = "", target = ""]) => ({ method, host, target, headers: [] }))
    .filter(({ host, target }) => URL.canParse(`https://${host}${target}`));
}

/** Names of usual length; one request in three has a query. */
function spreadRequests(catalogue: Catalogue): CallLine[] {
  const lines = [...catalogue.operations()].map(({ service, routes }) => {
    const [method = "", template = ""] = routes[0]?.split(" ") ?? [];
    return { method, host: service, target: fill(template), headers: [] };
  });
  return lines
    .filter((line) => catalogue.understand(line).kind === "call")
    .filter((_, index) => index % 10 === 0)
    .map((line, index) =>
      index % 3 === 0 ? { ...line, target: `${line.target}?alt=json&pageSize=100` } : line,
    );
}

function fill(template: string): string {
  return template
    .replace(/\{\w+=([^}]+)\}/g, "$1")
    .replace(/\{\w+\}/g, "*")
    .replaceAll("**", "production-thing-7")
    .replaceAll("*", "acme-production");
}
