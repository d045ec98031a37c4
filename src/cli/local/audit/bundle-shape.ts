import type { z } from "zod";
import { BundleFault } from "./bundle-fault.ts";

/** What a JSON file says, to the member: what the shape does not know is a `BundleFault` that names it. */
export function parseSaid<Said>(shape: z.ZodType<Said>, file: string, value: unknown): Said {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = [
    ...(issue?.path ?? []),
    ...(issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : []),
  ];
  const member = quoted(place.join("."));
  throw new BundleFault(
    file,
    issue?.code === "unrecognized_keys"
      ? `it has a member ${member}, which no bundle has`
      : `its ${member} is not what a bundle says there`,
  );
}

/** For a message: whoever named it cannot write lines of their own, nor pages. */
export function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
