import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startChild } from "../../test/fakes/child.ts";
import { answersAt, isOwnSocket, listenAt, removeStaleSocket, requirePrivateFolder } from "./socket-file.ts";

let parent = "";
const servers: Server[] = [];
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "socket-file-test-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
  rmSync(parent, { recursive: true, force: true });
});

async function listening(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  servers.push(server);
  await listenAt(server, path);
  return server;
}

/** The socket of a process that was killed: a file, and nobody behind it. */
async function abandoned(path: string): Promise<void> {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("there"))`;
  const child = startChild([process.execPath, "-e", script]);
  await child.printed("there");
  child.kill("SIGKILL");
  await child.outcome;
}

test("a folder that others may enter, or that is a link, gets no socket", async () => {
  const open = join(parent, "open");
  mkdirSync(open);
  chmodSync(open, 0o755);
  await expect(listening(join(open, "a.sock"))).rejects.toMatchObject({ code: "socket_folder_open" });
  const linked = join(parent, "linked");
  symlinkSync(mkdtempSync(join(parent, "real-")), linked);
  await expect(listening(join(linked, "a.sock"))).rejects.toMatchObject({ code: "socket_folder_open" });
});

test.runIf(process.getuid?.() === 0)(
  "a folder of another user gets no socket, and a socket there is not asked",
  async () => {
    const { chownSync } = await import("node:fs");
    const theirs = join(parent, "theirs");
    requirePrivateFolder(theirs);
    const path = join(theirs, "a.sock");
    await listening(path);
    chownSync(theirs, 65_534, 65_534);
    expect(isOwnSocket(path)).toBe(false);
    expect(() => requirePrivateFolder(theirs)).toThrow("belongs to somebody else");
  },
);

test("a file in the socket's place is somebody's, and stays", async () => {
  const path = join(parent, "agent.sock");
  writeFileSync(path, "precious");
  expect(() => removeStaleSocket(path)).toThrow("is not a socket");
  expect(existsSync(path)).toBe(true);
  expect(isOwnSocket(path)).toBe(false);
});

test("what a killed process left answers nobody and is replaced; what lives answers", async () => {
  const path = join(parent, "agent.sock");
  await abandoned(path);
  expect(existsSync(path)).toBe(true);
  expect(await answersAt(path)).toBe(false);
  removeStaleSocket(path);
  await listening(path);
  expect(await answersAt(path)).toBe(true);
});

test("a socket is its owner's alone", async () => {
  const path = join(parent, "own", "agent.sock");
  await listening(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(parent, "own")).mode & 0o777).toBe(0o700);
  expect(isOwnSocket(path)).toBe(true);
});

test("a place that cannot be listened at is named", async () => {
  const path = join(parent, "agent.sock");
  await listening(path);
  await expect(listening(path)).rejects.toMatchObject({ code: "socket_failed" });
});
