/**
 * Where secrets sit in a JSON object: the catalogue knows it, masking applies it, and neither imports the other.
 * Shapes may be cyclic. Arrays are transparent: the shape of a member is the shape of each of its elements.
 *
 * `strict` values are secret whatever they look like; `strict_bytes` likewise, and they are base64 on the wire
 * (discovery: `format: byte`), so that what replaces them must be base64 too. A `bag` (environment variables, metadata, headers) may hold
 * secrets among other things: its leaves are looked at one by one.
 */
export interface SecretShape {
  readonly fields: ReadonlyMap<string, "strict" | "strict_bytes" | "bag" | SecretShape>;
  /** What every member not among `fields` is, where the keys are data: a map from zone to its instances, say. */
  readonly each?: "strict" | "strict_bytes" | "bag" | SecretShape | undefined;
  /** The shape of a google.protobuf.Any by its `@type`, e.g. the `response` of a long-running operation. */
  readonly ofType?: ((typeUrl: string) => SecretShape | undefined) | undefined;
}
