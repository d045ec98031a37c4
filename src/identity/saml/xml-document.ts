import { SaxesParser, type SaxesTagNS } from "saxes";
import { messageOf } from "#lib/errors";
import { limits } from "#lib/limits";

/** One element, by namespace and local name. */
export interface XmlElement {
  readonly namespace: string;
  readonly name: string;
  /** Attributes without a namespace; SAML and XML signatures use no others. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly in it, in one piece. */
  readonly text: string;
}

export type XmlParsing =
  | { readonly kind: "document"; readonly root: XmlElement }
  | { readonly kind: "refused"; readonly detail: string };

interface Growing {
  readonly namespace: string;
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: Growing[];
  text: string;
}

/**
 * A strict reading, beside the one of the signature library, which is lenient: what only one of two parsers understands
 * is how forgeries begin. Whatever no SAML message needs is refused before anything of it counts: document types and
 * their entities, comments (which cut text in two for some readers), processing instructions, depth and number.
 */
export function parseXml(text: string): XmlParsing {
  if (Buffer.byteLength(text) > limits.samlXmlBytesMax) return refused("the document is too large");
  // Looked for in the text as well: the other parser shall not meet one either.
  if (/<!\s*(DOCTYPE|ENTITY)/i.test(text)) return refused("a DOCTYPE");
  try {
    return { kind: "document", root: read(text) };
  } catch (error) {
    return refused(`not the XML we take: ${messageOf(error)}`);
  }
}

function refused(detail: string): XmlParsing {
  return { kind: "refused", detail };
}

function read(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: Growing[] = [];
  const found: { root: Growing | undefined; count: number } = { root: undefined, count: 0 };
  const refuse = (what: string) => (): never => {
    throw new Error(what);
  };
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("doctype", refuse("a DOCTYPE"));
  parser.on("comment", refuse("a comment"));
  parser.on("processinginstruction", refuse("a processing instruction"));
  parser.on("cdata", refuse("a CDATA section"));
  let attributes = 0;
  parser.on("attribute", () => {
    attributes += 1;
    if (attributes > limits.samlAttributesMax) throw new Error("too many attributes");
  });
  parser.on("opentag", (tag) => {
    // The other parser compares each with all others of its element.
    if (Object.keys(tag.attributes).length > limits.samlAttributesOfElementMax) {
      throw new Error("too many attributes on one element");
    }
    found.count += 1;
    if (found.count > limits.samlElementsMax) throw new Error("too many elements");
    if (open.length >= limits.samlDepthMax) throw new Error("nested too deeply");
    const element = elementOf(tag);
    open.at(-1)?.children.push(element);
    found.root ??= element;
    open.push(element);
  });
  parser.on("text", (part) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += part;
  });
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  if (found.root === undefined) throw new Error("no element");
  return found.root;
}

function elementOf(tag: SaxesTagNS): Growing {
  const plain = Object.values(tag.attributes).filter(({ prefix }) => prefix === "");
  return {
    namespace: tag.uri,
    name: tag.local,
    attributes: new Map(plain.map(({ local, value }) => [local, value])),
    children: [],
    text: "",
  };
}

/** Namespaces of the messages we read. */
export const namespaces = {
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  signature: "http://www.w3.org/2000/09/xmldsig#",
} as const;
type Namespace = keyof typeof namespaces;

export function isNamed(element: XmlElement, namespace: Namespace, name: string): boolean {
  return element.namespace === namespaces[namespace] && element.name === name;
}

/** Direct children of this name. */
export function childrenNamed(element: XmlElement, namespace: Namespace, name: string): XmlElement[] {
  return element.children.filter((child) => isNamed(child, namespace, name));
}

/** The element and everything in it, in document order. */
export function* everyElement(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.children) yield* everyElement(child);
}
