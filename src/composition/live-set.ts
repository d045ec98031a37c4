import { readDocuments, type SourceDocument, watchDocuments as watchFiles } from "#config";
import { GatehouseError, messageOf } from "#lib/errors";
import { limits } from "#lib/limits";

/** What a parser made of all documents of a set: a value in whole, or what is wrong, one sentence each. */
export type Parsed<T> =
  | { readonly kind: "parsed"; readonly value: T }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

export interface LiveSetParts<T> {
  /** For messages, e.g. "policies". */
  readonly name: string;
  readonly paths: readonly string[];
  readonly parse: (documents: readonly SourceDocument[]) => Parsed<T> | Promise<Parsed<T>>;
  /** Puts the new value on record; it comes into force only after that. */
  readonly onReplaced: (value: T, documents: readonly SourceDocument[]) => Promise<void>;
  readonly onRefused: (problems: readonly string[]) => Promise<void>;
}

/** Calls back when the files may have changed; it does so more often than they do. */
export type Watch = (paths: readonly string[], onChange: () => void) => { close(): void };

/** Documents that are reloaded when they change. What is in force is always one whole set that parsed. */
export interface LiveSet<T> {
  current(): T;
  close(): void;
}

/** Throws `documents_invalid` when the set does not parse at start: a gateway without its rules must not run. */
export async function openLiveSet<T>(parts: LiveSetParts<T>, watch: Watch = watchFiles): Promise<LiveSet<T>> {
  const first = readDocuments(parts.paths);
  const parsed = await parts.parse(first);
  if (parsed.kind === "refused") throw new GatehouseError("documents_invalid", parsed.problems.join("\n"));
  await parts.onReplaced(parsed.value, first);
  let inForce = { value: parsed.value, text: textOf(first) };
  // What was looked at last, in force or refused: the same mistake is reported once, however often somebody looks.
  let seen = inForce.text;
  let reloading: Promise<void> = Promise.resolve();

  async function reload(): Promise<void> {
    const read = tryReading(parts);
    const text = read.kind === "read" ? textOf(read.documents) : read.problems.join("\n");
    if (text === seen) return;
    if (read.kind === "refused") await parts.onRefused(read.problems);
    else if (text !== inForce.text) await replace(read.documents, text);
    seen = text;
  }

  async function replace(documents: readonly SourceDocument[], text: string): Promise<void> {
    const next = await parts.parse(documents);
    if (next.kind === "refused") return parts.onRefused(next.problems);
    await parts.onReplaced(next.value, documents);
    inForce = { value: next.value, text };
  }

  let again: NodeJS.Timeout | undefined;
  let isClosed = false;
  // One after the other. A change that could not be put on record leaves the old set in force until the next look, which
  // nobody tells of: the files stay as they are.
  function look(): void {
    reloading = reloading.then(reload).catch(async (error: unknown) => {
      await parts.onRefused([messageOf(error)]).catch(() => undefined);
      clearTimeout(again);
      if (!isClosed) again = setTimeout(look, limits.documentsLookMs).unref();
    });
  }

  const watcher = watch(parts.paths, look);
  return {
    current: () => inForce.value,
    close: () => {
      isClosed = true;
      clearTimeout(again);
      watcher.close();
    },
  };
}

type Reading =
  | { readonly kind: "read"; readonly documents: readonly SourceDocument[] }
  | { readonly kind: "refused"; readonly problems: readonly string[] };

function tryReading({ paths }: Pick<LiveSetParts<unknown>, "paths">): Reading {
  try {
    return { kind: "read", documents: readDocuments(paths) };
  } catch (error) {
    return { kind: "refused", problems: [messageOf(error)] };
  }
}

function textOf(documents: readonly SourceDocument[]): string {
  return JSON.stringify(documents);
}
