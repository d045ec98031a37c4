import { expect, test } from "vitest";
import { carriesNonce, newNonce } from "./nonce.ts";

const nonce = newNonce();
const basic = (pair: string): string => Buffer.from(pair).toString("base64");
const right = basic(`gatehouse:${nonce.reveal()}`);

test("a missing, wrong or half right nonce opens nothing", () => {
  const wrong = [
    undefined,
    "",
    "Basic",
    "Basic ",
    `Basic ${basic("gatehouse:")}`,
    `Basic ${basic(`gatehouse:${newNonce().reveal()}`)}`,
    `Basic ${basic(`gatehouse:${nonce.reveal().slice(0, -1)}`)}`,
    `Basic ${basic(`gatehouse:${nonce.reveal()}x`)}`,
    `Basic ${basic(`other:${nonce.reveal()}`)}`,
    `Basic ${basic(nonce.reveal())}`,
    `Bearer ${nonce.reveal()}`,
    `Bearer ${right}`,
    `Basic ${right}, Basic ${right}`,
    `Basic ${right} extra`,
  ];
  for (const header of wrong) expect(carriesNonce(header, nonce), header ?? "(none)").toBe(false);
});

test("the scheme is compared without case, because bq sends it in lower case", () => {
  for (const scheme of ["Basic", "basic", "BASIC"]) {
    expect(carriesNonce(`${scheme} ${right}`, nonce)).toBe(true);
  }
});

test("two runs never share a nonce", () => {
  expect(newNonce().reveal()).not.toBe(newNonce().reveal());
  expect(newNonce().reveal()).toMatch(/^[\w-]{43}$/);
});
