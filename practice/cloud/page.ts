import { GoogleError } from "./google-error.ts";
import type { Call } from "./router.ts";

const PAGE_ITEMS_DEFAULT = 500;

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string;
}

/** One page of a listing, as `pageSize` or `maxResults` and `pageToken` ask for it. Tokens are positions, sealed only by base64. */
export function pageOf<Item>(all: readonly Item[], call: Call): Page<Item> {
  const asked = Number(call.query.get("pageSize") ?? call.query.get("maxResults") ?? PAGE_ITEMS_DEFAULT);
  const size = Number.isInteger(asked) && asked > 0 ? asked : PAGE_ITEMS_DEFAULT;
  const start = startOf(call.query.get("pageToken") ?? "");
  const next = start + size;
  return {
    items: all.slice(start, next),
    ...(next < all.length ? { nextPageToken: Buffer.from(`at:${next}`).toString("base64url") } : {}),
  };
}

function startOf(token: string): number {
  if (token === "") return 0;
  const found = /^at:(\d{1,9})$/.exec(Buffer.from(token, "base64url").toString("latin1"));
  if (found === null) throw new GoogleError("INVALID_ARGUMENT", "The page token is not one of ours.");
  return Number(found[1]);
}
