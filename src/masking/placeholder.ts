import { createHmac } from "node:crypto";

/**
 * Makes the text that stands in for the secrets of one resource within one session: the same place always gets the
 * same text, so that an agent can compare two answers, and nobody can test a guess, because the value has no part in it.
 * `sessionKey` is at least 32 random bytes that leave the process in no form.
 */
export function placeholderFor(sessionKey: Uint8Array, resource: string): (path: string) => string {
  return (path) => {
    // Lengths first: ("a", "bc") and ("ab", "c") are two places.
    const place = `${Buffer.byteLength(resource)}:${resource}${Buffer.byteLength(path)}:${path}`;
    const id = createHmac("sha256", sessionKey).update(place).digest("base64url").slice(0, 12);
    return `[masked by Gatehouse: ${id}]`;
  };
}
