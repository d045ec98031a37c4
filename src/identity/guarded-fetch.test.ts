import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { afterEach, expect, test } from "vitest";
import { createEgress } from "#lib/egress";
import { limits } from "#lib/limits";
import { portOf } from "../../test/fakes/port.ts";
import { guardedFetch } from "./guarded-fetch.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const egress = createEgress({ allowLoopback: true });
  open.push(egress, { close: () => server.closeAllConnections() }, server);
  return { url: `http://127.0.0.1:${portOf(server)}`, fetch: guardedFetch(egress) };
}

const get = { method: "GET", headers: {} };

test("an address that is not public is not dialled", async () => {
  const egress = createEgress({ allowLoopback: false });
  open.push(egress);
  await expect(guardedFetch(egress)("http://127.0.0.1:9/token", get)).rejects.toMatchObject({
    code: "egress_refused",
  });
  await expect(guardedFetch(egress)("https://169.254.169.254/", get)).rejects.toMatchObject({
    code: "egress_refused",
  });
});

test("a redirect is not followed", async () => {
  const asked: (string | undefined)[] = [];
  const { url, fetch } = await serve((request, response) => {
    asked.push(request.url);
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect((await fetch(`${url}/token`, get)).status).toBe(302);
  expect(asked).toEqual(["/token"]);
});

test("an answer without end is cut off", async () => {
  const { url, fetch } = await serve((_request, response) => {
    response.write("x".repeat(limits.discoveryBytesMax + 1));
  });
  await expect(fetch(url, get)).rejects.toMatchObject({ code: "fetch_failed" });
});

test("a form arrives as a form, and the answer as it was given", async () => {
  let body = "";
  const { url, fetch } = await serve((request, response) => {
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () =>
      response.writeHead(400, { "content-type": "application/json" }).end('{"error":"x"}'),
    );
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await fetch(`${url}/token?a=b`, {
    method: "POST",
    headers,
    body: new URLSearchParams({ code: "a b" }),
  });
  expect([answer.status, await answer.json(), body]).toEqual([400, { error: "x" }, "code=a+b"]);
});
