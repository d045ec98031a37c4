import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { html, lines } from "./html.ts";
import { visibleLine, visibleLines } from "./visible-text.ts";

test("text never becomes markup, in elements and in quoted attributes", () => {
  const text = `<b a="1" b='2'>&amp;\``;
  expect(html`<i title="${text}">${text}</i>`.toString()).toBe(
    '<i title="&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;&#96;">&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;&#96;</i>',
  );
});

test("something that only looks like markup of ours is text or nothing", () => {
  const forged: unknown = { toString: () => "<script>" };
  const shown = html`${String(forged)}${[html`<i>${"<"}</i>`, "<", 7]}${undefined}`;
  expect(shown.toString()).toBe("&lt;script&gt;<i>&lt;</i>&lt;7");
});

const named: readonly (readonly [name: string, text: string, shown: string])[] = [
  ["a right-to-left override", "a\u202eb", "a⟨U+202E⟩b"],
  ["an isolate that is never closed", "\u2067x", "⟨U+2067⟩x"],
  ["an Arabic letter mark", "\u061c", "⟨U+061C⟩"],
  ["a zero-width space and joiner", "a\u200b\u200db", "a⟨U+200B⟩⟨U+200D⟩b"],
  ["a soft hyphen", "pro\u00adject", "pro⟨U+00AD⟩ject"],
  ["a byte order mark", "\ufeff", "⟨U+FEFF⟩"],
  ["an escape sequence", "\u001b[31m", "␛[31m"],
  ["NUL, line feed and delete", "\0\n\u007f", "␀␊⟨U+007F⟩"],
  ["a C1 control", "\u009b31m", "⟨U+009B⟩31m"],
  ["a line separator", "a\u2028b", "a⟨U+2028⟩b"],
  ["a tag character", "\u{e0041}", "⟨U+E0041⟩"],
  ["a filler that looks like nothing", "\u3164\u2800", "⟨U+3164⟩⟨U+2800⟩"],
  ["a variation selector", "a\ufe0f", "a⟨U+FE0F⟩"],
  ["a lone surrogate", "\ud800", "⟨U+D800⟩"],
  ["a private use character", "\ue000", "⟨U+E000⟩"],
];
test.each(named)("%s is shown by name", (_name, text, shown) => {
  expect(visibleLine(text)).toBe(shown);
});

test("ordinary writing of any script stays what it is", () => {
  const text = "Grüße, 日本語, עברית, Ελληνικά – 100 €";
  expect(visibleLine(text)).toBe(text);
});

test("a preview keeps its lines and tabs, and nothing else that is not seen", () => {
  expect(visibleLines("a\n\tb\r\u202e")).toBe("a\n\tb␍⟨U+202E⟩");
  expect(lines("<a>\n</a>").toString()).toBe("&lt;a&gt;\n&lt;/a&gt;");
});

test("the end of a preview cannot be pushed below a screen of nothing", () => {
  expect(visibleLines(`{"harmless": 1,${"\n".repeat(999)}"role": "owner"}`)).toBe(
    '{"harmless": 1,\n⟨999 line breaks and 0 blanks, left out⟩\n"role": "owner"}',
  );
});

const folder = join(
  process.env["GATEHOUSE_CORPORA"] ?? join(import.meta.dirname, "../../../../shared/corpora"),
  "payloads/xss",
);
const isThere = existsSync(folder);
if (!isThere) process.stderr.write(`XSS payloads are not at ${folder}: skipped. Set GATEHOUSE_CORPORA.\n`);

test.skipIf(!isThere)("no published XSS payload leaves an element, an attribute or a quote behind", () => {
  const payloads = readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), "utf8").split("\n"),
  );
  const given = payloads.filter((payload) => payload !== "");
  for (const payload of given)
    expect(html`${payload}`.toString()).not.toMatch(/[<>"'`]|&(?!(amp|lt|gt|quot|#39|#96);)/);
  expect(given.length).toBeGreaterThan(0);
  process.stderr.write(`XSS payloads: ${given.length} cases\n`);
});
