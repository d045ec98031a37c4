import { inspect } from "node:util";

/**
 * A value that must not be seen. It prints as `[secret]` in templates, JSON, logs and debuggers;
 * `reveal()` is called only where bytes leave for the one party that may have them.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.toPrimitive](): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}
