/** Samples of Prometheus' text format, version 0.0.4, by name and labels. Throws for a line that is none, or a series twice. */
export function parsePrometheusText(text: string): ReadonlyMap<string, number> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const samples = new Map<string, number>();
  const described = new Set<string>();
  for (const line of text.trimEnd().split("\n")) {
    const comment =
      /^# (?:HELP ([a-zA-Z_:][\w:]*) .+|TYPE ([a-zA-Z_:][\w:]*) (?:counter|gauge|histogram|summary|untyped))$/;
    const [, help, type] = comment.exec(line) ?? [];
    if (help !== undefined || type !== undefined) described.add(`${help ?? type}`);
    else if (line !== "") addSample(line, samples, described);
  }
  return samples;
}

function addSample(line: string, samples: Map<string, number>, described: ReadonlySet<string>): void {
  const label = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*"`;
  const sample = new RegExp(String.raw`^(([a-zA-Z_:][\w:]*)(?:\{${label}(?:,${label})*\})?) (\S+)$`);
  const [, series, name, value] = sample.exec(line) ?? [];
  if (series === undefined || name === undefined || !described.has(name))
    throw new Error(`no sample: ${line}`);
  if (samples.has(series) || Number.isNaN(Number(value))) throw new Error(`twice, or no number: ${line}`);
  samples.set(series, Number(value));
}
