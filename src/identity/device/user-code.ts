import { randomInt } from "node:crypto";

/** RFC 8628 section 6.1: consonants, so that no words come about and no letter looks like a digit. */
const letters = "BCDFGHJKLMNPQRSTVWXZ";
const length = 8;

/** 20^8, some 34 bits: enough beside the limits on guesses. */
export function newUserCode(): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join("");
}

/** As people type it: any case, with or without the hyphen. */
export function normalUserCode(typed: string): string {
  return typed.toUpperCase().replace(/[^A-Z]/g, "");
}

/** As people read it: `BCDF-GHJK`. */
export function shownUserCode(code: string): string {
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`;
}
