import { createHash } from "node:crypto";

/**
 * The stores' SQL with PostgreSQL's parameters: `?` becomes `$1`, `$2`, …, and `?3` becomes `$3`. Strings, quoted names and
 * comments stay as they are. Only ever given the stores' own texts: values never stand in them.
 */
export function withNumberedParameters(sql: string): string {
  let last = 0;
  return sql.replaceAll(tokens, (token, number: string | undefined) => {
    if (!token.startsWith("?")) return token;
    last = number === undefined ? last + 1 : Number(number);
    return `$${last}`;
  });
}

const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\?(\d+)?/g;

interface Prepared {
  /** The session parses a text once, and knows it by this name from then on. */
  readonly name?: string;
  readonly text: string;
}

/** The stores' texts are a fixed set, so each is translated once. */
export class PreparedTexts {
  readonly #known = new Map<string, Prepared>();

  of(sql: string): Prepared {
    const known = this.#known.get(sql);
    if (known !== undefined) return known;
    const text = withNumberedParameters(sql);
    // Never reached unless somebody builds SQL from values; the server keeps what has a name until the session ends.
    if (this.#known.size >= textsMax) return { text };
    const prepared = { name: createHash("sha256").update(text).digest("hex").slice(0, 32), text };
    this.#known.set(sql, prepared);
    return prepared;
  }
}

const textsMax = 500;
