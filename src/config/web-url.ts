import { z } from "zod";

export const isLoopbackHost = (host: string): boolean =>
  host === "127.0.0.1" || host === "[::1]" || host === "::1" || host === "localhost";

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
