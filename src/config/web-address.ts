import { z } from "zod";
import { isLoopbackHost } from "#lib/loopback";

/** https anywhere; http only to this machine, where nobody can listen in between. */
export const webUrl = z
  .url()
  .refine(
    (text) => {
      const url = new URL(text);
      return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
    },
    { error: "must be https, or http on a loopback address" },
  )
  // This file names where secrets are and holds none, so that it can be shown, kept and reviewed.
  .refine((text) => new URL(text).username === "" && new URL(text).password === "", {
    error: "must not carry a name or a password",
  });

/** How an issuer that is not on the public Internet is reached: nothing but what is named here is opened for it. */
export const issuerReach = {
  private_hosts: z
    .array(z.string().min(1))
    .min(1)
    .max(20)
    .optional()
    .describe("names, addresses or networks (CIDR) of this issuer that may be private"),
  ca_file: z
    .string()
    .min(1)
    .optional()
    .describe("PEM certificates of the authorities that count for this issuer, in place of the public ones"),
};

/** A path or a name and password written here would be dropped on the way, and with them somebody's fence. */
export function isOrigin(text: string): boolean {
  const { origin, href } = new URL(text);
  return href === `${origin}/`;
}
