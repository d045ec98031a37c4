import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type CallLine, type Catalogue, loadCatalogue } from "#catalogue";
import { type Figure, median } from "./figure.ts";

const generated = join(import.meta.dirname, "../src/catalogue/generated");

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

const rounds = 40;

/** The same inputs through `understand` and through the platform's `URL`, in turns. */
function matching(catalogue: Catalogue): Figure[] {
  const calls = samples(catalogue);
  const urls = calls.map(({ host, target }) => `https://${host}${target}`);
  let kept = 0;
  const understand = (): void => {
    for (const call of calls) if (catalogue.understand(call).kind === "call") kept++;
  };
  const parse = (): void => {
    for (const url of urls) kept += new URL(url).protocol.length;
  };
  const timed = Array.from({ length: rounds }, () => ({
    understand: perCall(understand, calls.length),
    parse: perCall(parse, calls.length),
  }));
  // The fastest round is the one that was least disturbed by whatever else the machine does.
  const fastest = (measure: (round: (typeof timed)[number]) => number): number =>
    Math.min(...timed.map(measure));
  const [match, url] = [fastest((round) => round.understand), fastest(({ parse: ns }) => ns)];
  if (kept === 0) throw new Error("nothing was matched");
  return [
    {
      what: `one match, ${calls.length} requests of all APIs`,
      value: match,
      unit: "ns",
    },
    { what: "new URL(…) on the same requests", value: url, unit: "ns" },
    {
      what: "a match in units of new URL(…)",
      value: match / url,
      unit: "×",
      bound: 5,
    },
  ];
}

function perCall(work: () => void, calls: number): number {
  const start = performance.now();
  for (let turn = 0; turn < 3; turn++) work();
  return ((performance.now() - start) * 1e6) / calls / 3;
}

/** Every tenth method, as a request with names of usual length; one in three has a query. */
function samples(catalogue: Catalogue): CallLine[] {
  const lines = [...catalogue.operations()].flatMap(({ service, routes }) => {
    const [method = "", template = ""] = routes[0]?.split(" ") ?? [];
    return [{ method, host: service, target: fill(template), headers: [] }];
  });
  const understood = lines.filter((line) => catalogue.understand(line).kind === "call");
  return understood
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
