import { visibleLine, visibleLines } from "./visible-text.ts";

/** Markup that may stand in a page. Made by `html` alone: no text from outside becomes one. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  /** @internal for the template below, which has escaped everything. */
  static escaped(text: string): Html {
    return new Html(text);
  }
}

export type HtmlPart = Html | string | number | undefined | readonly HtmlPart[];

/** Template of markup. Texts are escaped for elements and quoted attributes alike, and made visible, wherever they stand. */
export function html(fixed: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  return Html.escaped(String.raw({ raw: fixed }, ...parts.map(render)));
}

/** Text of several lines, for `pre`. */
export function lines(text: string): Html {
  return Html.escaped(escapeMarkup(visibleLines(text)));
}

function render(part: HtmlPart): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.toString();
  if (typeof part === "string") return escapeMarkup(visibleLine(part));
  if (typeof part === "number") return String(part);
  return part.map(render).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => entities[character] ?? "");
}
