/** A header as it came: name and value untouched, order kept, duplicates kept. */
export type RawHeader = readonly [name: string, value: string];

/** All values of a header, compared without case (RFC 9110 section 5.1). */
export function headerValues(headers: readonly RawHeader[], name: string): string[] {
  const wanted = name.toLowerCase();
  return headers.filter(([candidate]) => candidate.toLowerCase() === wanted).map(([, value]) => value);
}

/** The value of a header that may stand once; `undefined` when absent or repeated. */
export function singleHeader(headers: readonly RawHeader[], name: string): string | undefined {
  const values = headerValues(headers, name);
  return values.length === 1 ? values[0] : undefined;
}

export function withoutHeaders(headers: readonly RawHeader[], names: ReadonlySet<string>): RawHeader[] {
  return headers.filter(([name]) => !names.has(name.toLowerCase()));
}

/** Node's flat `[name, value, name, value]` list as pairs. */
export function pairHeaders(flat: readonly string[]): RawHeader[] {
  const pairs: RawHeader[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    pairs.push([flat[index] ?? "", flat[index + 1] ?? ""]);
  }
  return pairs;
}
