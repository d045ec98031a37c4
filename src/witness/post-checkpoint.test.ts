import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEgress, type Egress } from "#lib/egress";
import { portOf } from "../../test/fakes/port.ts";
import { postCheckpoint } from "./index.ts";

let server: Server;
let egress: Egress;
let asked: (string | undefined)[];
beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("said");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  egress = createEgress({ allowLoopback: true });
});
afterEach(async () => {
  await egress.close();
  server.closeAllConnections();
  server.close();
});

test("a submission prefix leads to no host but its own, whatever its path looks like", async () => {
  const prefixes = ["", "/", "/w1", "/w1/", "//other.example/w1", "/\\\\other.example", "/w1?x=1#y"];
  for (const prefix of prefixes) {
    const url = new URL(`http://127.0.0.1:${portOf(server)}${prefix}`);
    expect(await postCheckpoint(egress)(url, "old 0\n")).toEqual({
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
