import { GatehouseError } from "#lib/errors";
import type { ObjectStore } from "#object-store";
import { linesOf } from "./file-sink.ts";
import { tellTheSame } from "./same-entries.ts";
import type { Batch, Sink } from "./sink.ts";

export interface ObjectSinkParts {
  readonly store: ObjectStore;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  readonly close: () => Promise<void>;
}

/**
 * One object of JSON lines a batch, `<prefix>/<first>-<last>.jsonl`, indexes padded so that names sort as entries do. An object
 * is never overwritten: what lies there under the same name must tell of the same entries, or the sink stops and says so.
 */
export function objectSink({ store, prefix, close }: ObjectSinkParts): Sink {
  return {
    async deliver(batch, signal) {
      const key = keyOf(batch, prefix);
      const bytes = Buffer.from(linesOf(batch), "utf8");
      const headers = { "content-type": "application/jsonl" };
      const put = await store.put(key, bytes, { headers, signal });
      if (put === "stored") return;
      // A crash between object and cursor, or they are sent again: the entries are the same, their bytes need not be.
      const there = await store.get(key, signal);
      if (there !== undefined && tellTheSame(there, bytes)) return;
      throw new GatehouseError(
        "sink_refused",
        `The object ${key} is there already, and holds something else. Look who wrote it, then move the sink past it with \`gatehouse sinks move\`.`,
      );
    },
    close,
  };
}

const indexDigits = 12;

function keyOf({ first, last }: Batch, prefix: string): string {
  const [from, to] = [first, last].map((index) => String(index).padStart(indexDigits, "0"));
  return `${prefix === "" ? "" : `${prefix}/`}${from}-${to}.jsonl`;
}
