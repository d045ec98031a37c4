import { createHash } from "node:crypto";

// A handle is as good as what it stands for, and the record is read by people who are not the agent. They see which handle it
// was, by its digest, and cannot use it.

const handle = /(gatehouse_handle=)([\w-]{1,64})/g;
const digestChars = 12;

/** The text as it may be written down or shown to somebody else. */
export function withoutHandles(text: string): string {
  return text.replace(handle, (_, name: string, value: string) => `${name}${digestOf(value)}`);
}

/** The same for a body, whatever its bytes are: a handle is ASCII. */
export function bodyWithoutHandles(body: Uint8Array): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.includes("gatehouse_handle=")) return body;
  return Buffer.from(withoutHandles(bytes.toString("latin1")), "latin1");
}

function digestOf(value: string): string {
  return `sha256:${createHash("sha256").update(value).digest("hex").slice(0, digestChars)}`;
}
