import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startChild } from "../../test/fakes/child.ts";
import { portOf } from "../../test/fakes/port.ts";
import { type RunBench, startRunBench } from "../../test/fakes/run-bench.ts";

let run: RunBench;
beforeEach(async () => {
  run = await startRunBench();
});
afterEach(() => run.close());

/** Runs a program as a child of the run would be; its output is what it prints. */
async function program(source: string, changes: NodeJS.ProcessEnv = {}): Promise<string> {
  const environment = { ...run.helper.environment, ...changes };
  const { outcome } = startChild([process.execPath, "--input-type=module", "--eval", source], {
    environment,
  });
  const { status, stdout, stderr } = await outcome;
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

const readAll = `
  const show = (answer) => { answer.setEncoding("utf8"); answer.on("data", (text) => process.stdout.write(text)); };
`;

test("a client whose own agent would bypass the proxy goes through the gateway", async () => {
  const forms = [
    `https.request({ hostname: "storage.googleapis.com", path: "/a", agent: new https.Agent({ keepAlive: false }) }, show).end();`,
    `https.request("https://storage.googleapis.com/a", { agent: new https.Agent() }, show).end();`,
    `https.request(new URL("https://storage.googleapis.com/a"), show).end();`,
    `https.get("https://storage.googleapis.com/a", show);`,
    `const { get } = await import("node:https"); get("https://storage.googleapis.com/a", show);`,
  ];
  for (const form of forms) {
    const text = await program(`import https from "node:https"; ${readAll} ${form}`);
    expect(text, form).toContain("fake gateway");
  }
  expect(run.gateway.requests.map(({ url }) => url)).toEqual(forms.map(() => "/a"));
});

test("fetch, which knows no proxy variables, goes through the gateway", async () => {
  const text = await program(`
    for (const path of ["a", "b"]) {
      const answer = await fetch("https://storage.googleapis.com/" + path, { method: "POST", body: "x" });
      console.log(await answer.text());
    }`);
  expect(text.match(/fake gateway/g)).toHaveLength(2);
  expect(run.gateway.requests.map(({ url }) => url)).toEqual(["/a", "/b"]);
});

test("a refusal of the gateway reaches the program as a sentence", async () => {
  run.gateway.refuse = () => ({ status: 403, body: "This host is not for you." });
  const text = await program(`
    import https from "node:https";
    https.get("https://storage.googleapis.com/").on("error", (error) => console.log(error.message));`);
  expect(text).toContain("This host is not for you.");
});

test("what does not go to Google is left alone, a dispatcher of the program's own included", async () => {
  const other = createServer((_, response) => response.end("other"));
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const url = `http://127.0.0.1:${portOf(other)}/`;
  const text = await program(`
    import http from "node:http";
    console.log(await (await fetch("${url}")).text());
    http.get("${url}", (answer) => answer.on("data", (chunk) => console.log(String(chunk))));`);
  expect(text).toBe("other\nother");
  const own = await program(`
    const key = Symbol.for("undici.globalDispatcher.1");
    class Mine { dispatch() { throw new Error("mine was asked"); } }
    void Headers;
    globalThis[key] = new Mine();
    await fetch("https://storage.googleapis.com/").catch((error) => console.log(error.cause?.message ?? error.message));`);
  expect(own).toContain("mine was asked");
  other.close();
  expect(run.gateway.connects).toEqual([]);
});

test("an agent that is a proxy already is left alone", async () => {
  const text = await program(`
    import https from "node:https";
    class Theirs extends https.Agent { proxy = "theirs"; createConnection() { throw new Error("theirs was asked"); } }
    try { https.get({ host: "storage.googleapis.com", agent: new Theirs() }); } catch (error) { console.log(error.message); }`);
  expect(text).toContain("theirs was asked");
  expect(run.gateway.connects).toEqual([]);
});

test("without a run around it the preload does nothing", async () => {
  const text = await program(
    `import https from "node:https"; console.log(fetch.toString().includes("native code") || fetch.name, https.request.toString().includes("withAgent"));`,
    { HTTPS_PROXY: "" },
  );
  expect(text).toContain("false");
});
