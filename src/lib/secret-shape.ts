/**
 * Where secrets sit in a JSON object: the catalogue knows it, masking applies it, and neither imports the other.
 * Shapes may be cyclic. Arrays are transparent: the shape of a member is the shape of each of its elements.
 *
 * `strict` values are secret whatever they look like. A `bag` (environment variables, metadata, headers) may hold
 * secrets among other things: its leaves are looked at one by one.
 */
export interface SecretShape {
  readonly fields: ReadonlyMap<string, "strict" | "bag" | SecretShape>;
  /** The shape of a google.protobuf.Any by its `@type`, e.g. the `response` of a long-running operation. */
  readonly ofType?: ((typeUrl: string) => SecretShape | undefined) | undefined;
}
