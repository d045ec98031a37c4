/** The grammar of numbers (RFC 8259 section 6), one byte at a time; digits are never converted, so none is lost. */
export type NumberState =
  | "start"
  | "minus"
  | "zero"
  | "integer"
  | "point"
  | "fraction"
  | "exponent"
  | "exponent_sign"
  | "exponent_digits";

const complete: ReadonlySet<NumberState> = new Set(["zero", "integer", "fraction", "exponent_digits"]);

export function isNumberComplete(state: NumberState): boolean {
  return complete.has(state);
}

/** The state after `byte`, or `undefined` if a number cannot go on with it. */
export function numberStep(state: NumberState, byte: number): NumberState | undefined {
  if (byte >= 0x30 && byte <= 0x39) return afterDigit(state, byte === 0x30);
  if (byte === 0x2e) return state === "zero" || state === "integer" ? "point" : undefined;
  if (byte === 0x2d && state === "start") return "minus";
  if ((byte === 0x2b || byte === 0x2d) && state === "exponent") return "exponent_sign";
  const mayScale = state === "zero" || state === "integer" || state === "fraction";
  return (byte === 0x65 || byte === 0x45) && mayScale ? "exponent" : undefined;
}

function afterDigit(state: NumberState, isZero: boolean): NumberState | undefined {
  switch (state) {
    case "start":
    case "minus":
      return isZero ? "zero" : "integer";
    case "zero":
      return undefined;
    case "integer":
      return "integer";
    case "point":
    case "fraction":
      return "fraction";
    case "exponent":
    case "exponent_sign":
    case "exponent_digits":
      return "exponent_digits";
  }
}
