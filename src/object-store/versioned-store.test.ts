import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limits } from "#lib/limits";
import { Secret } from "#lib/secret";
import { bucketKeys } from "../../test/fakes/bucket.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { openStranger, type Stranger } from "../../test/fakes/stranger.ts";
import { openVersionedStore } from "./index.ts";
import { parseVersions } from "./versioned-store.ts";

// A listing of twenty pages stands for one that has no end.
vi.mock("#lib/limits", async (original) => {
  const real = await original<typeof import("#lib/limits")>();
  return { limits: { ...real.limits, listingPagesMax: 20 } };
});

let stranger: Stranger;
/** What the hostile bucket says to its n-th question. */
let say: (asked: number) => string;
let asked: number;
beforeEach(async () => {
  asked = 0;
  stranger = await openStranger((_, response) => {
    response.end(say(asked));
    asked += 1;
  });
});
afterEach(() => stranger.close());

const store = () =>
  openVersionedStore({
    endpoint: new URL(stranger.origin),
    bucket: "archive",
    region: "eu-west-1",
    dialect: "s3",
    keys: () => ({ ...bucketKeys, secretAccessKey: new Secret(bucketKeys.secretAccessKey) }),
    egress: stranger.egress,
    clock: manualClock(),
  });

async function listed(prefix = "tile/"): Promise<string> {
  const keys: string[] = [];
  try {
    for await (const { key } of store().versions(prefix)) keys.push(key);
    return keys.join(" ");
  } catch (error) {
    return String(error);
  }
}

const version = (key: string, id = "v1"): string =>
  `<Version><Key>${key}</Key><VersionId>${id}</VersionId></Version>`;
const page = (inner: string, next?: string): string =>
  `<ListVersionsResult>${inner}<IsTruncated>${next !== undefined}</IsTruncated>${
    next === undefined
      ? ""
      : `<NextKeyMarker>${next}</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>`
  }</ListVersionsResult>`;

test.each([
  ["with two markers in turn", (n: number) => page("", n % 2 === 0 ? "a" : "b")],
  ["with new markers for ever", (n: number) => page("", `a${n}`)],
  ["with new keys for ever", (n: number) => page(version(`tile/${String(n).padStart(9, "0")}`), `a${n}`)],
])("a bucket that goes on %s is not listened to for ever", async (_, answer) => {
  say = answer;
  expect(await listed()).toMatch(/has no end/);
  expect(asked).toBe(limits.listingPagesMax + 1);
});

test("a bucket that begins anew, or lists what was not asked for, is not believed", async () => {
  say = (n) => (n === 0 ? page(version("tile/2"), "m") : page(version("tile/1")));
  expect(await listed()).toMatch(/goes back/);
  say = () => page(version("checkpoints/1"));
  expect(await listed()).toMatch(/not asked for/);
});

test("versions of one key may go on on the next page, and stores order keys by their bytes", async () => {
  asked = 0;
  say = (n) =>
    n === 0
      ? page(version("tile/\uFF5E"), "m")
      : page(version("tile/\uFF5E", "v0") + version("tile/\u{1F600}"));
  expect(await listed()).toBe("tile/\uFF5E tile/\uFF5E tile/\u{1F600}");
});

test.each([
  ["no XML", "hello"],
  ["another answer", "<Error><Code>NoSuchBucket</Code></Error>"],
  ["a document type", `<!DOCTYPE x [<!ENTITY a "b">]>${page(version("&a;"))}`],
  ["a key that hides in CDATA", page(version("<![CDATA[tile/1]]>"))],
  ["a version without a key of its own", page(`${version("a")}<Version><VersionId>v2</VersionId></Version>`)],
  ["a key behind its version", page("<Version><VersionId>v1</VersionId><Key>a</Key></Version>")],
  ["a cut page with no next one", "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>"],
  ["elements without end", "<ListVersionsResult>".repeat(50)],
  ["more than a page can be", page(version("a".repeat(limits.objectStoreXmlBytesMax)))],
])("%s is no listing", (_, text) => {
  expect(parseVersions(Buffer.from(text))).toBeUndefined();
});

test.each(["0", "-1", "1e9", "\u001b[2J", "9".repeat(400)])(
  "a lock for %j days is not taken for one, nor shown",
  async (days) => {
    say = () =>
      `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>${days}</Days></DefaultRetention></Rule></ObjectLockConfiguration>`;
    await expect(store().lockRule()).rejects.toThrow(/no Object Lock configuration/);
  },
);
