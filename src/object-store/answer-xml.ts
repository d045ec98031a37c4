import { SaxesParser } from "saxes";
import { limits } from "#lib/limits";

/** `Code` of an S3 error, when it is one that can be printed. */
export function errorCodeOf(body: Uint8Array): string | undefined {
  const code = leavesOf(body)?.leaves.find(({ path }) => path === "Error/Code")?.text;
  return code !== undefined && /^\w{1,64}$/.test(code) ? code : undefined;
}

export interface Leaves {
  readonly root: string;
  readonly leaves: readonly { readonly path: string; readonly text: string }[];
}

/** Deeper or longer than any answer of S3. */
const depthMax = 8;
const leavesMax = 20_000;

/** The texts of elements without children, in order. A document type, and with it every entity trick, is refused. */
export function leavesOf(body: Uint8Array): Leaves | undefined {
  if (body.byteLength > limits.objectStoreXmlBytesMax) return undefined;
  const parser = new SaxesParser({ xmlns: false });
  const open: { name: string; text: string; hasChild: boolean }[] = [];
  const leaves: { path: string; text: string }[] = [];
  let root = "";
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("doctype", () => {
    throw new Error("a document type");
  });
  // Text all the same to a reader of XML; no answer of S3 has it, and passed over it would leave a hole.
  parser.on("cdata", () => {
    throw new Error("a CDATA section");
  });
  parser.on("opentag", ({ name }) => {
    const parent = open.at(-1);
    if (parent === undefined) root = name;
    else parent.hasChild = true;
    open.push({ name, text: "", hasChild: false });
    if (open.length > depthMax || leaves.length > leavesMax) throw new Error("too much");
  });
  parser.on("text", (text) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  });
  parser.on("closetag", () => {
    const path = open.map(({ name }) => name).join("/");
    const element = open.pop();
    if (element?.hasChild === false) leaves.push({ path, text: element.text });
  });
  try {
    parser.write(new TextDecoder("utf-8", { fatal: true }).decode(body)).close();
  } catch {
    return undefined; // not UTF-8, not XML, or more than an answer of S3
  }
  return { root, leaves };
}
