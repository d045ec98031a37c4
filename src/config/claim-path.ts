import { z } from "zod";
import { limits } from "#lib/limits";

/** A claim's name, or the names on the way to a nested one. Names hold dots and slashes, so those mean nothing here. */
export const claimPath = z
  .union([
    z
      .string()
      .min(1)
      .transform((name) => [name]),
    z.array(z.string().min(1)).min(1).max(limits.claimPathNamesMax),
  ])
  .transform(([first = "", ...others]): [string, ...string[]] => [first, ...others])
  .describe("name of a claim, or list of names from the outermost inwards");
