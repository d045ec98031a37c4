/**
 * Where secrets sit in an encoded protobuf message: secret-shape.ts for gRPC. Shapes may be cyclic. A repeated field is
 * the shape of each of its elements; a map is a repeated message whose field 2 is the value.
 *
 * Marks mean what they mean there: `strict` text, `strict_bytes` bytes, a `bag` text that is looked at.
 */
export interface WireShape {
  /** By field number. */
  readonly fields: ReadonlyMap<number, WireMark | WireShape>;
  /** Set for google.protobuf.Any: field 1 is the type URL and field 2 a message of the shape it names. */
  readonly ofType?: ((typeUrl: string) => WireShape | undefined) | undefined;
}

export type WireMark = "strict" | "strict_bytes" | "bag";
