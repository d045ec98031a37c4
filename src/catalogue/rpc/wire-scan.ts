import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { limits } from "#lib/limits";

/** Fields to look for: number → the fields within, or what the field itself holds. */
export interface WantedFields {
  readonly within: Map<number, WantedFields | WantedField>;
}

export interface WantedField {
  /** Field numbers from the outside in, joined by dots. */
  readonly path: string;
  readonly isWhole: boolean;
}

/** Path → the values it has, each once; a list of more than one is a contradiction. */
export type FoundValues = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Finds fields in an encoded protobuf message without knowing the rest of it. A message that two parsers could read
 * differently is refused; a string says why. What is left is exactly what Google's server sees, because it reads the
 * same bytes.
 */
export function scanMessage(message: Uint8Array, wanted: WantedFields): FoundValues | string {
  if (message.length > limits.structuredBodyBytesMax)
    return `it is longer than ${limits.structuredBodyBytesMax} bytes`;
  const scan: Scan = { found: new Map(), fieldsLeft: limits.wireFieldsMax };
  try {
    scanFields(message, wanted, scan);
  } catch (error) {
    return error instanceof MalformedMessage ? error.message : "it is no protobuf message";
  }
  return scan.found;
}

interface Scan {
  readonly found: Map<string, Set<string>>;
  fieldsLeft: number;
}

class MalformedMessage extends Error {}

function scanFields(bytes: Uint8Array, wanted: WantedFields, scan: Scan): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    if (scan.fieldsLeft-- <= 0) throw new MalformedMessage(`it has more than ${limits.wireFieldsMax} fields`);
    const [number, wireType] = readTag(reader);
    const field = wanted.within.get(number);
    if (field === undefined) skipField(reader, wireType);
    else if ("within" in field) scanFields(readBytes(reader, wireType), field, scan);
    else note(scan, field.path, field.isWhole ? readWhole(reader, wireType) : readText(reader, wireType));
  }
}

function note({ found }: Scan, path: string, value: string): void {
  const values = found.get(path);
  if (values === undefined) found.set(path, new Set([value]));
  else values.add(value);
}

function readTag(reader: BinaryReader): [number, WireType] {
  const start = reader.pos;
  const tag = reader.tag();
  // A tag is a varint of 32 bits with three bits of wire type. Parsers disagree about longer spellings of it.
  if (reader.pos - start !== bytesNeeded(tag[0] * 8 + tag[1]))
    throw new MalformedMessage("a field number in it is spelled longer than needed");
  return tag;
}

function bytesNeeded(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

function readBytes(reader: BinaryReader, wireType: WireType): Uint8Array {
  if (wireType !== WireType.LengthDelimited)
    throw new MalformedMessage("a field of the resource name has the wrong type");
  const start = reader.pos;
  const bytes = reader.bytes();
  // The library drops what does not fit into 32 bits; a parser that does not would read another length.
  if (reader.pos - start - bytes.length !== bytesNeeded(bytes.length))
    throw new MalformedMessage("a length in it is spelled longer than needed");
  return bytes;
}

function readText(reader: BinaryReader, wireType: WireType): string {
  const bytes = readBytes(reader, wireType);
  if (bytes.length > limits.targetBytesMax)
    throw new MalformedMessage("its resource name is longer than any request target");
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MalformedMessage("its resource name is not UTF-8");
  }
}

// Strict, and a byte order mark stays what it is: a character that no name holds.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readWhole(reader: BinaryReader, wireType: WireType): string {
  if (wireType !== WireType.Varint)
    throw new MalformedMessage("a field of the resource name has the wrong type");
  const bytes = reader.skip(wireType);
  checkVarint(bytes);
  return String(new BinaryReader(bytes).int64());
}

function skipField(reader: BinaryReader, wireType: WireType): void {
  switch (wireType) {
    case WireType.Varint:
      checkVarint(reader.skip(wireType));
      break;
    case WireType.Bit32:
    case WireType.Bit64:
      reader.skip(wireType);
      break;
    case WireType.LengthDelimited:
      readBytes(reader, wireType);
      break;
    case WireType.StartGroup:
    case WireType.EndGroup:
      throw new MalformedMessage("it holds a group, which no API of Google uses");
  }
}

/** Ten bytes at most, the tenth of which is one bit of 64; and no longer than needed. */
function checkVarint(bytes: Uint8Array): void {
  const last = bytes.at(-1) ?? 0;
  const isTooLong = bytes.length > 10 || (bytes.length === 10 && last > 1);
  if (isTooLong || (bytes.length > 1 && last === 0))
    throw new MalformedMessage("a number in it is spelled longer than needed");
}
