import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TLSSocket, connect as tlsConnect } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { createTrialCertificate, openServedCertificate } from "#keys";
import { systemClock } from "#lib/clock";
import {
  bench,
  type ClientAnswer,
  type DataPlaneUnderTest,
  errorOf,
  readUntil,
} from "../../test/fakes/data-plane-under-test.ts";
import { jsonAnswer, rawAnswer } from "../../test/fakes/scripted-upstream.ts";
import { openDataPlane } from "./data-plane.ts";

const domain = "gw.example.com";
const storage = `storage.${domain}`;
const target = "/storage/v1/b/logs";
const bearer = { authorization: "Bearer token-1" };

interface Files {
  readonly certificate: string;
  readonly key: string;
}

async function writeCertificate(files: Files): Promise<void> {
  const { certificate, key } = await createTrialCertificate([`*.${domain}`], systemClock);
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, key);
}

async function universe(publicPort = 443) {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-universe-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const files = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  await writeCertificate(files);
  const tls = openServedCertificate(files, systemClock);
  const under = await bench({ universe: { host: "127.0.0.1", port: 0, tls, domain, publicPort } });
  return { under, tls, files };
}

/** A connection to the universe listener, as a client makes it that has resolved the name itself. */
async function dial(
  { under, tls }: Pick<Awaited<ReturnType<typeof universe>>, "under" | "tls">,
  servername = storage,
): Promise<TLSSocket> {
  const port = under.plane.universePort ?? 0;
  const socket = tlsConnect({
    host: "127.0.0.1",
    port,
    servername,
    ca: tls.current().cert,
    checkServerIdentity: () => undefined,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function send(
  made: Awaited<ReturnType<typeof universe>>,
  { host = storage, headers = bearer, target: path = target, ...more }: Sent & { host?: string } = {},
): Promise<ClientAnswer> {
  const socket = await dial(made, host.replace(/:\d+$/, ""));
  return made.under.sendByPrefix({ target: path, ...more, headers: { ...headers, host }, socket });
}

test("a Host that is not the server name of the connection is misdirected, however good the token", async () => {
  const made = await universe();
  const socket = await dial(made, `compute.${domain}`);
  const answer = await made.under.sendByPrefix({ target, headers: { ...bearer, host: storage }, socket });
  expect([answer.status, errorOf(answer).reason]).toEqual([421, "MISDIRECTED_REQUEST"]);
  expect(made.under.upstream.requests).toEqual([]);
});

test("Google's own names, the bare domain and names that only look like ours are misdirected", async () => {
  const made = await universe();
  const hosts = [
    "storage.googleapis.com",
    domain,
    `storage${domain}`,
    `storage.${domain}.evil.example`,
    `storage.${domain}.`,
  ];
  for (const host of hosts) {
    const answer = await send(made, { host });
    expect(answer.status, host).toBe(421);
  }
  expect(made.under.upstream.requests).toEqual([]);
});

test("a name that is no API of Google's is unknown", async () => {
  const made = await universe();
  const answer = await send(made, { host: `gatehouse.${domain}` });
  expect([answer.status, errorOf(answer).reason]).toEqual([403, "UNKNOWN_HOST"]);
});

test("without a token there is nothing under our names, and there is no proxy either", async () => {
  const made = await universe();
  const answer = await send(made, { headers: { "proxy-authorization": `Basic ${btoa("agent:token-1")}` } });
  expect([answer.status, errorOf(answer).reason]).toEqual([401, "TOKEN_MISSING"]);
  const socket = await dial(made);
  socket.write(
    `CONNECT storage.googleapis.com:443 HTTP/1.1\r\nHost: ${storage}\r\nProxy-Authorization: Bearer token-1\r\n\r\n`,
  );
  expect(await readUntil(socket)).toMatch(/^HTTP\/1\.1 400 /);
  expect(made.under.upstream.requests).toEqual([]);
});

test("a Google credential is refused under our names as everywhere, and so is a target of another form", async () => {
  const made = await universe();
  const key = await send(made, { headers: { ...bearer, "x-goog-api-key": "AIza" } });
  expect(errorOf(key).reason).toBe("GOOGLE_CREDENTIAL_REFUSED");
  const absolute = await send(made, { target: `https://storage.googleapis.com${target}` });
  expect([absolute.status, errorOf(absolute).reason]).toEqual([400, "WRONG_REQUEST_FORM"]);
});

test("<api>.<domain> is <api>.googleapis.com, with or without its port, and on record under Google's name", async () => {
  const made = await universe();
  made.under.upstream.play(jsonAnswer({ kind: "storage#bucket" }));
  for (const host of [storage, `${storage}:443`, `STORAGE.${domain}`]) {
    expect((await send(made, { host })).status, host).toBe(200);
  }
  expect(made.under.upstream.requests).toHaveLength(3);
  for (const { headers } of made.under.upstream.requests) {
    expect(headers.get("host")).toBe("storage.googleapis.com");
  }
  expect(made.under.audit.text()).toContain("storage.googleapis.com");
  expect(made.under.audit.text()).not.toContain(domain);
});

test("the session of a resumable upload goes on under the name by which it began, port and all", async () => {
  const made = await universe(9443);
  const location = "https://storage.googleapis.com/upload/storage/v1/b/logs/o?upload_id=canary";
  made.under.upstream.play(
    rawAnswer(`HTTP/1.1 200 OK\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`),
  );
  const start = "/upload/storage/v1/b/logs/o?uploadType=resumable&name=big";
  const begun = await send(made, { method: "POST", target: start, body: "{}" });
  const url = new URL(begun.headers.location ?? "");
  expect([url.host, url.search]).toEqual([`${storage}:9443`, expect.stringMatching(/^\?gatehouse_handle=/)]);
  made.under.upstream.play(jsonAnswer({ ok: true }));
  const part = { host: url.host, method: "PUT", target: `${url.pathname}${url.search}`, body: "x" };
  // The credential that would go along is ours, so the handle alone says nothing.
  expect((await send(made, { ...part, headers: {} })).status).toBe(401);
  expect((await send(made, part)).status).toBe(200);
  expect(made.under.upstream.requests.at(-1)?.target).toContain("upload_id=canary");
});

test("a signed upload URL leads back to us", async () => {
  const made = await universe();
  const uploadUrl = "https://storage.googleapis.com/bucket/source.zip?X-Goog-Signature=canary";
  made.under.upstream.play(jsonAnswer({ uploadUrl }));
  const answer = await send(made, { method: "POST", target: "/storage/v1/generateUploadUrl", body: "{}" });
  expect(answer.text).toContain(`https://${storage}/bucket/source.zip?gatehouse_handle=`);
  expect(answer.text).not.toContain("canary");
});

test("a Location of Google's that carries no permission is told under our name", async () => {
  const made = await universe();
  const location = "https://storage.googleapis.com/storage/v1/b/other";
  made.under.upstream.play(
    rawAnswer(`HTTP/1.1 200 OK\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`),
  );
  const answer = await send(made);
  expect(answer.headers.location).toBe(`https://${storage}/storage/v1/b/other`);
});

test("a certificate that was replaced serves the next connection, and the open one goes on", async () => {
  const made = await universe();
  made.under.upstream.play(jsonAnswer({ ok: true }));
  const open = await dial(made);
  const before = made.tls.current().cert;
  await writeCertificate(made.files);
  made.tls.reload();
  const fresh = await dial(made);
  expect(made.tls.current().cert).not.toBe(before);
  expect(fresh.getPeerX509Certificate()?.fingerprint256).not.toBe(
    open.getPeerX509Certificate()?.fingerprint256,
  );
  for (const socket of [open, fresh]) {
    const answer = await made.under.sendByPrefix({ target, headers: { ...bearer, host: storage }, socket });
    expect(answer.status).toBe(200);
  }
});

test("behind a load balancer the door is plain and on loopback, and names are checked all the same", async () => {
  const plain = { host: "127.0.0.1", port: 0, tls: undefined, domain, publicPort: 443 };
  const under = await bench({ universe: plain });
  under.upstream.play(jsonAnswer({ ok: true }));
  const ask = async (host: string): Promise<number> => {
    const socket = connect(under.plane.universePort ?? 0, "127.0.0.1");
    await once(socket, "connect");
    return (await under.sendByPrefix({ target, headers: { ...bearer, host }, socket })).status;
  };
  expect(await ask(storage)).toBe(200);
  expect(await ask("storage.googleapis.com")).toBe(421);
  const beyond = openDataPlane(under.ports, { host: "127.0.0.1", port: 0 }, { ...plain, host: "0.0.0.0" });
  await expect(beyond).rejects.toMatchObject({ code: "tls_required" });
});

test("when the second port is taken nothing stays open, and the port is named", async () => {
  const under: DataPlaneUnderTest = await bench();
  const taken = { host: "127.0.0.1", port: under.plane.port, tls: undefined, domain, publicPort: 443 };
  const attempt = openDataPlane(under.ports, { host: "127.0.0.1", port: 0 }, taken);
  await expect(attempt).rejects.toMatchObject({ code: "listen_failed" });
});
