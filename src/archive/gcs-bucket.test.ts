import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Secret } from "#lib/secret";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { openStranger, type Stranger } from "../../test/fakes/stranger.ts";
import { gcsBucket } from "./index.ts";

// A listing of twenty pages stands for one that has no end.
vi.mock("#lib/limits", async (original) => {
  const real = await original<typeof import("#lib/limits")>();
  return { limits: { ...real.limits, listingPagesMax: 20 } };
});

let stranger: Stranger;
let say: (asked: number) => object;
let asked: number;
beforeEach(async () => {
  asked = 0;
  stranger = await openStranger((_, response) => {
    response.end(JSON.stringify(say(asked)));
    asked += 1;
  });
});
afterEach(() => stranger.close());

async function listed(): Promise<string> {
  const bucket = gcsBucket({
    endpoint: new URL(stranger.origin),
    bucket: "archive",
    prefix: "log/",
    retainDays: undefined,
    authorization: () => Promise.resolve(new Secret("Bearer x")),
    egress: stranger.egress,
    clock: manualClock(),
  });
  const paths: string[] = [];
  try {
    for await (const { path } of bucket.list("tile/")) paths.push(path);
    return paths.join(" ");
  } catch (error) {
    return String(error);
  }
}

const item = (name: string) => ({ name, generation: "1" });

test("Cloud Storage that has another page for ever is not listened to for ever", async () => {
  say = (n) => ({ items: [], nextPageToken: n % 2 === 0 ? "a" : "b" });
  expect(await listed()).toMatch(/has no end/);
  expect(asked).toBe(21);
});

test("objects from elsewhere, or from before, are not believed", async () => {
  say = () => ({ items: [item("other/tile/0")] });
  expect(await listed()).toMatch(/not asked for/);
  say = (n) => ({ items: [item(`log/tile/${9 - n}`)], nextPageToken: "more" });
  asked = 0;
  expect(await listed()).toMatch(/goes back/);
});
