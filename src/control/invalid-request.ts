import { z } from "zod";

const issue = z.object({ keyword: z.string(), instancePath: z.string(), message: z.string() });
const union = z.object({
  keyword: z.literal("invalid_union"),
  params: z.object({
    errors: z.array(z.array(z.object({ code: z.string(), path: z.array(z.string()), message: z.string() }))),
  }),
});
const invalid = z.object({ validation: z.array(z.union([union, issue])).min(1) });

/** So much is said of one request; whoever sent it wrote some of the words. */
const sentencesMax = 5;
const sentenceCharsMax = 1_000;

/**
 * What does not fit the shape of a request, `class: "destructve" is no class of an entry. Did you mean destructive?`;
 * `undefined` of an error that says nothing of the kind. Of a choice between shapes only what was worded for people is said:
 * the rest is true of the other shape too.
 */
export function mistakesIn(error: unknown): string | undefined {
  const parsed = invalid.safeParse(error);
  if (!parsed.success) return undefined;
  const said = parsed.data.validation.flatMap((each) =>
    "params" in each
      ? each.params.errors
          .flat()
          .filter(({ code }) => code === "custom")
          .map(({ path, message }) => sentence(path, message))
      : [sentence(each.instancePath.split("/").filter(Boolean), each.message)],
  );
  return said.length === 0 ? undefined : said.slice(0, sentencesMax).join("\n");
}

function sentence(path: readonly string[], message: string): string {
  const whole = path.length === 0 ? message : `${path.join(".")}: ${message}`;
  return whole.slice(0, sentenceCharsMax);
}
