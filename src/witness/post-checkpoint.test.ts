import { afterEach, beforeEach, expect, test } from "vitest";
import { openStranger, type Stranger } from "../../test/fakes/stranger.ts";
import { postCheckpoint } from "./index.ts";

let stranger: Stranger;
let asked: (string | undefined)[];
beforeEach(async () => {
  asked = [];
  stranger = await openStranger((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("said");
  });
});
afterEach(() => stranger.close());

test("a submission prefix leads to no host but its own, whatever its path looks like", async () => {
  const prefixes = ["", "/", "/w1", "/w1/", "//other.example/w1", "/\\\\other.example", "/w1?x=1#y"];
  for (const prefix of prefixes) {
    const url = new URL(`${stranger.origin}${prefix}`);
    expect(await postCheckpoint(stranger.egress)(url, "old 0\n")).toEqual({
      status: 200,
      contentType: "text/plain",
      body: "said",
    });
  }
  expect(asked).toEqual([
    "/add-checkpoint",
    "/add-checkpoint",
    "/w1/add-checkpoint",
    "/w1/add-checkpoint",
    "//other.example/w1/add-checkpoint",
    "///other.example/add-checkpoint",
    "/w1/add-checkpoint",
  ]);
});
