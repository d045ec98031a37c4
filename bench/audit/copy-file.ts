import type { SqlValue } from "../../src/storage/stores/index.ts";

// PostgreSQL's binary COPY format (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"), for columns of
// BIGINT, TEXT and BYTEA.

const head = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);
const end = int16(-1);

export function copyFile(rows: readonly (readonly SqlValue[])[]): Buffer {
  return Buffer.concat([head, ...rows.flatMap((row) => [int16(row.length), ...row.flatMap(field)]), end]);
}

function field(value: SqlValue): readonly Uint8Array[] {
  if (value === null) return [int32(-1)];
  const bytes = bytesOf(value);
  return [int32(bytes.byteLength), bytes];
}

function bytesOf(value: Exclude<SqlValue, null>): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return Buffer.from(value, "utf8");
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}
