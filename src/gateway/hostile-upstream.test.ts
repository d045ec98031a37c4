import { expect, test } from "vitest";
import { bench, errorOf, upstreamToken } from "../../test/fakes/data-plane-under-test.ts";
import { rawAnswer, type Script } from "../../test/fakes/scripted-upstream.ts";

const target = "/storage/v1/b/logs";

const json = (headers: string, body: string): Script =>
  rawAnswer(`HTTP/1.1 200 OK\r\n${headers}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

test("a head with a broken body behind it in one segment ends this exchange and not the process", async () => {
  const script = rawAnswer(
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
  );
  const under = await bench({ script });
  await expect(under.send({ target })).rejects.toThrow();
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.intent" }, { kind: "exchange.aborted" }]);
});

test.each(["000", "099", "100", "101"])("status %s is no answer", async (status) => {
  const under = await bench({ script: rawAnswer(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`) });
  expect((await under.send({ target })).status).toBe(502);
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.intent" }, { kind: "exchange.aborted" }]);
});

test("a malformed answer that quotes our credential does not get it into the log", async () => {
  const script: Script = ({ headers }, socket) =>
    void socket.write(`HTTP/1.1 200 OK\r\nX: \x01${headers.get("authorization")}\r\n\r\n`);
  const under = await bench({ script });
  expect((await under.send({ target })).status).toBe(502);
  expect(under.log.join()).not.toContain(upstreamToken);
});

test("an answer that names its type twice is withheld, since one reader may mask by the one and another read by the other", async () => {
  const type = "Content-Type: application/json";
  const under = await bench({ script: json(`${type}\r\n${type}`, '{"password":"correct-horse-battery"}') });
  const answer = await under.send({ target });
  expect(errorOf(answer).reason).toBe("ANSWER_WITHHELD");
  expect(answer.text).not.toContain("correct-horse");
});

test.each([
  "Content-Encoding: gzip\r\nContent-Encoding: gzip",
  "Content-Encoding: identity, gzip",
  "Content-Encoding: identity\r\nContent-Encoding: br",
])("no spelling of a coding lets a compressed answer pass: %j", async (coding) => {
  const under = await bench({ script: json(`Content-Type: text/plain\r\n${coding}`, "xx") });
  expect(errorOf(await under.send({ target })).reason).toBe("ANSWER_WITHHELD");
});

test("breaking off an answer that had to be rewritten does not make us say that nothing has happened", async () => {
  const script: Script = (_request, socket) => {
    socket.end("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{");
  };
  const under = await bench({ script });
  const answer = await under.send({ method: "POST", target: "/storage/v1/generateUploadUrl" });
  expect(answer.status).toBe(500);
  expect(errorOf(answer).message).toContain("may or may not have taken effect");
  expect(under.audit.entries).toMatchObject([{ kind: "exchange.intent" }, { kind: "exchange.aborted" }]);
});

test("a call that took effect without a body is not called off when its outcome cannot be recorded", async () => {
  const under = await bench({ script: rawAnswer("HTTP/1.1 204 No Content\r\n\r\n") });
  under.audit.on("exchange.outcome", async () => {
    throw new Error("disk full");
  });
  const answer = await under.send({ method: "DELETE", target });
  expect(errorOf(answer).message).toContain("may or may not have taken effect");
  expect(errorOf(answer).message).not.toContain("Nothing has changed");
});
