import { Extension } from "@peculiar/x509";

/**
 * The critical extension that confines a CA (RFC 5280 section 4.2.1.10): only DNS names at or below `domains`, and no
 * IP address at all. Constraints apply per kind of name, so without the second part a stolen key could still speak
 * for addresses. The library has no class for it; the DER is small enough to write down.
 */
export function nameConstraints(domains: readonly string[]): Extension {
  const permitted = domains.map((domain) => subtree(dnsName, Buffer.from(domain, "ascii")));
  const excluded = [subtree(ipAddress, Buffer.alloc(8)), subtree(ipAddress, Buffer.alloc(32))];
  const value = element(sequence, [
    element(permittedSubtrees, permitted),
    element(excludedSubtrees, excluded),
  ]);
  return new Extension("2.5.29.30", true, value);
}

const sequence = 0x30;
const permittedSubtrees = 0xa0;
const excludedSubtrees = 0xa1;
/** GeneralName, context-specific tags 2 and 7. */
const dnsName = 0x82;
const ipAddress = 0x87;

function subtree(tag: number, name: Buffer): Buffer {
  return element(sequence, [element(tag, [name])]);
}

function element(tag: number, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length > 255) throw new RangeError("name constraints are too long");
  const head = content.length < 128 ? [tag, content.length] : [tag, 0x81, content.length];
  return Buffer.concat([Buffer.from(head), content]);
}
