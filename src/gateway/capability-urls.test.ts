import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { limits } from "#lib/limits";
import { bench, type DataPlaneUnderTest, decision, host } from "../../test/fakes/data-plane-under-test.ts";
import { callerOf } from "../../test/fakes/listed-authenticator.ts";
import { manualClock } from "../../test/fakes/manual-clock.ts";
import { jsonAnswer, rawAnswer } from "../../test/fakes/scripted-upstream.ts";

const signature = "X-Goog-Algorithm=GOOG4&X-Goog-Signature=signature-canary";
const signed = `https://${host}/bucket/source.zip?${signature}`;
const start = "/upload/storage/v1/b/logs/o?uploadType=resumable&name=big";
const uploadUrlOf = (text: string): string =>
  z.object({ uploadUrl: z.string() }).parse(JSON.parse(text)).uploadUrl;

async function issueSigned(under: DataPlaneUnderTest): Promise<string> {
  under.upstream.play(jsonAnswer({ uploadUrl: signed, storageSource: { bucket: "bucket" } }));
  const answer = await under.send({ method: "POST", target: "/storage/v1/generateUploadUrl", body: "{}" });
  under.upstream.play(jsonAnswer({ ok: true }));
  return uploadUrlOf(answer.text);
}

async function startUpload(under: DataPlaneUnderTest, location: string): Promise<string> {
  under.upstream.play(
    rawAnswer(
      `HTTP/1.1 200 OK\r\nLocation: ${location}\r\nX-GUploader-UploadID: upload-canary\r\nContent-Length: 0\r\n\r\n`,
    ),
  );
  const answer = await under.send({ method: "POST", target: start, body: "{}" });
  under.upstream.play(jsonAnswer({ ok: true }));
  expect(answer.headers["x-guploader-uploadid"]).toBeUndefined();
  return answer.headers.location ?? "";
}

const local = (url: string): string => url.replace(`https://${host}`, "");

test("the agent never sees the signature of an upload URL, nor does the log", async () => {
  const under = await bench();
  const url = await issueSigned(under);
  expect(url).toMatch(
    /^https:\/\/storage\.googleapis\.com\/bucket\/source\.zip\?gatehouse_handle=[\w-]{32}$/,
  );
  await under.send({ method: "PUT", target: local(url), body: "zip" });
  expect(under.audit.text() + under.log.join("")).not.toContain("signature-canary");
});

test("a handle works for its verb, its object and its session, and for nothing else", async () => {
  const under = await bench({ tokens: { "token-2": callerOf("ses_2") } });
  const target = local(await issueSigned(under));
  const before = under.upstream.requests.length;
  const attempts = [
    { method: "GET", target },
    { method: "DELETE", target },
    { method: "PUT", target: target.replace("source.zip", "other.zip") },
    { method: "PUT", target: `${target}&x=1` },
    { method: "PUT", target: `${target}#x` },
    { method: "PUT", target: target.slice(0, -1) },
    { method: "PUT", target: target.replace("?", "?X-Goog-Signature=1&") },
    { method: "PUT", target, socket: await under.tunnel({ token: "token-2" }) },
  ];
  for (const attempt of attempts) {
    const answer = await under.send({ ...attempt, ...(attempt.method === "PUT" ? { body: "x" } : {}) });
    expect([400, 403], JSON.stringify(attempt.target)).toContain(answer.status);
  }
  expect(under.upstream.requests).toHaveLength(before);
});

test("a handle ends with its time and with its session", async () => {
  const clock = manualClock();
  const under = await bench({ ports: { clock } });
  const late = local(await issueSigned(under));
  clock.pass(limits.signedUrlLifeMs);
  expect((await under.send({ method: "PUT", target: late, body: "x" })).status).toBe(403);
  const orphan = local(await issueSigned(under));
  under.authenticator.stop("ses_1");
  const answer = await under.sendByPrefix({ method: "PUT", target: `/${host}${orphan}`, body: "x" });
  expect(answer.status).toBe(401);
});

test("a handle that was issued through a connection is worth nothing through another that got its name", async () => {
  const under = await bench();
  const target = local(await issueSigned(under));
  const before = under.upstream.requests.length;
  under.connection.redefine();
  const answer = await under.send({ method: "PUT", target, body: "x" });
  expect(answer.status).toBe(403);
  expect(under.upstream.requests).toHaveLength(before);
});

test("using a handle is judged by the policies as the write it is, every time", async () => {
  const under = await bench();
  const target = local(await issueSigned(under));
  const before = under.upstream.requests.length;
  const judged: string[] = [];
  under.decide((input) => {
    judged.push(`${input.operation.id} ${input.operation.class} ${input.resource.name}`);
    return decision("deny");
  });
  expect((await under.send({ method: "PUT", target, body: "x" })).status).toBe(403);
  expect(judged).toEqual(["storage.objects.insert write /bucket/source.zip"]);
  expect(under.upstream.requests).toHaveLength(before);
});

test.each([
  ["is missing", { other: 1 }],
  ["is no URL", { uploadUrl: 7 }],
  ["leads to a host that is not Google's", { uploadUrl: "https://evil.example/bucket/x?a=b" }],
  ["carries a user", { uploadUrl: "https://a@storage.googleapis.com/bucket/x?a=b" }],
  ["has no query to bind", { uploadUrl: "https://storage.googleapis.com/bucket/x" }],
])("an answer whose upload URL %s is withheld", async (_name, body) => {
  const under = await bench({ script: jsonAnswer(body) });
  const answer = await under.send({ method: "POST", target: "/storage/v1/generateUploadUrl", body: "{}" });
  expect(answer.status).toBe(502);
  expect(answer.text).not.toContain("evil");
});

test("a second upload URL under the same name does not slip through", async () => {
  const body = `{"uploadUrl":${JSON.stringify(`${signed}1`)},"uploadUrl":${JSON.stringify(signed)}}`;
  const under = await bench({
    script: rawAnswer(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    ),
  });
  const answer = await under.send({ method: "POST", target: "/storage/v1/generateUploadUrl", body: "{}" });
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain("Signature");
});

test("what the agent uploads to a handle arrives under Google's own signature, and without a bearer token", async () => {
  const under = await bench();
  const target = local(await issueSigned(under));
  const answer = await under.send({
    method: "PUT",
    target,
    body: "zip",
    headers: { "x-goog-content-length-range": "0,104857600", "content-type": "application/zip" },
  });
  expect(answer.status).toBe(200);
  const sent = under.upstream.requests.at(-1);
  expect(sent?.target).toBe(`/bucket/source.zip?${signature}`);
  expect(sent?.headers.has("authorization")).toBe(false);
  expect(sent?.headers.get("x-goog-content-length-range")).toBe("0,104857600");
  expect(sent?.headers.get("content-type")).toBe("application/zip");
  expect(sent?.body.toString()).toBe("zip");
});

test("in the prefix form the upload URL leads back to us, and its handle alone says whose it is", async () => {
  const under = await bench({ script: jsonAnswer({ uploadUrl: signed }) });
  const answer = await under.sendByPrefix({
    method: "POST",
    target: `/${host}/storage/v1/generateUploadUrl`,
    headers: { authorization: "Bearer token-1" },
    body: "{}",
  });
  const url = uploadUrlOf(answer.text);
  expect(url).toContain(`${under.plane.url}/${host}/bucket/source.zip?gatehouse_handle=`);
  under.upstream.play(jsonAnswer({ ok: true }));
  const put = await under.sendByPrefix({
    method: "PUT",
    target: url.replace(under.plane.url, ""),
    body: "x",
  });
  expect(put.status).toBe(200);
  expect(under.audit.entries.at(-1)).toMatchObject({ kind: "exchange.outcome", sessionId: "ses_1" });
});

test("whoever reads the record, recordings and all, finds no handle that works, and sees which one was used", async () => {
  const under = await bench();
  const signedUrl = await issueSigned(under);
  await under.send({ method: "PUT", target: local(signedUrl), body: "zip" });
  const resumable = await startUpload(under, `https://${host}${start}&upload_id=upload-canary`);
  await under.send({ method: "PUT", target: local(resumable), body: "abc" });
  const recorded = under.audit.text();
  for (const url of [signedUrl, resumable]) {
    const handle = new URL(url).searchParams.get("gatehouse_handle") ?? "";
    expect(handle).toMatch(/^[\w-]{32}$/);
    expect(recorded).not.toContain(handle);
    const digest = createHash("sha256").update(handle).digest("hex").slice(0, 12);
    // When it was issued, in the intent of its use, and in the request line of the recording of that.
    expect(recorded.split(`gatehouse_handle=sha256:${digest}`)).toHaveLength(4);
  }
});

test("the handle of a resumable upload says of nobody who they are: our credential would go along", async () => {
  const under = await bench();
  const url = await startUpload(under, `https://${host}${start}&upload_id=upload-canary`);
  const before = under.upstream.requests.length;
  const answer = await under.sendByPrefix({ method: "PUT", target: `/${host}${local(url)}`, body: "evil" });
  expect(answer.status).toBe(401);
  expect(under.upstream.requests).toHaveLength(before);
});

test("a resumable upload goes through its handle, with the connection's credential", async () => {
  const under = await bench();
  const location = `https://${host}${start}&upload_id=upload-canary`;
  const url = await startUpload(under, location);
  expect(url).toMatch(/\/upload\/storage\/v1\/b\/logs\/o\?gatehouse_handle=[\w-]{32}$/);
  const answer = await under.send({
    method: "PUT",
    target: local(url),
    headers: { "content-range": "bytes 0-2/3" },
    body: "abc",
  });
  expect(answer.status).toBe(200);
  const sent = under.upstream.requests.at(-1);
  expect(sent?.target).toBe(`${start}&upload_id=upload-canary`);
  expect(sent?.headers.get("authorization")).toMatch(/^Bearer practice/);
  expect(sent?.headers.get("content-range")).toBe("bytes 0-2/3");
  expect(under.audit.text()).not.toContain("upload-canary");
});

test("an emulator's own host in a Location means the host the client asked for", async () => {
  const under = await bench();
  const url = await startUpload(under, `${under.upstream.url}${start}&upload_id=upload-canary`);
  expect(url).toMatch(/^https:\/\/storage\.googleapis\.com\/upload\//);
});

test("a Location that leads an upload elsewhere is cut", async () => {
  const under = await bench();
  expect(await startUpload(under, `https://evil.example${start}&upload_id=upload-canary`)).toBe("");
});

test("an upload that a person approved at its start needs no approval for its parts", async () => {
  const under = await bench();
  under.decide(() => decision("require_approval"));
  const starting = startUpload(under, `https://${host}${start}&upload_id=upload-canary`);
  under.desk.move(await under.desk.someoneWaits(), "approved");
  const target = local(await starting);
  expect((await under.send({ method: "PUT", target, body: "abc" })).status).toBe(200);
  expect(under.desk.requests.size).toBe(1);
});
