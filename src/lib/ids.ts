import { randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";

/** Prefixes tell a reader of logs and refusals what an id names. */
export type IdPrefix = "exc" | "ses" | "apr" | "cap" | "rec" | "hld" | "req";

/** UUIDv7 (RFC 9562 section 5.7) as 32 hex digits: sorts by time, 74 random bits, cannot be guessed. */
export function uuid7(clock: Clock): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(clock.now().getTime(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex");
}

export function newId(prefix: IdPrefix, clock: Clock): string {
  return `${prefix}_${uuid7(clock)}`;
}
