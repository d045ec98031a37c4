import { SaxesParser } from "saxes";
import type { ListedObject } from "./object-store.ts";

export interface Listing {
  readonly objects: readonly ListedObject[];
  /** Token of the next page. */
  readonly next: string | undefined;
}

/** `ListBucketResult` of ListObjectsV2; `undefined` for anything else. */
export function parseListing(body: Uint8Array): Listing | undefined {
  const texts = leavesOf(body);
  if (texts === undefined || texts.root !== "ListBucketResult") return undefined;
  const objects: ListedObject[] = [];
  let key: string | undefined;
  let next: string | undefined;
  let isTruncated = false;
  for (const { path, text } of texts.leaves) {
    if (path === "ListBucketResult/Contents/Key") key = text;
    if (path === "ListBucketResult/Contents/Size" && key !== undefined) {
      if (!/^\d{1,15}$/.test(text)) return undefined;
      objects.push({ key, bytes: Number(text) });
      key = undefined;
    }
    if (path === "ListBucketResult/NextContinuationToken") next = text;
    if (path === "ListBucketResult/IsTruncated") isTruncated = text === "true";
  }
  // A page that is cut without saying where to go on would be a listing with a hole.
  if (isTruncated && next === undefined) return undefined;
  return { objects, next: isTruncated ? next : undefined };
}

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
