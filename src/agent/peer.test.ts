import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { portOf } from "../../test/fakes/port.ts";
import { guardPeers, linuxPeerCheck, type PeerAddress, peerCheckOfThisSystem } from "./peer.ts";

const header =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const row = (local: string, remote: string, uid: number, state = "01"): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 4711 1 0000 20 4 30 10 -1`;

/** 127.0.0.1:40000 speaks to our 127.0.0.1:50000. */
const peer: PeerAddress = {
  remoteAddress: "127.0.0.1",
  remotePort: 40_000,
  localAddress: "127.0.0.1",
  localPort: 50_000,
};
const theirs = "0100007F:9C40";
const ours = "0100007F:C350";
const mapped = (address: string): string => `0000000000000000FFFF0000${address}`;

function check(tcp: string[], tcp6: string[] = []) {
  return linuxPeerCheck(1000, (family) => [header, ...(family === "tcp" ? tcp : tcp6)].join("\n"))(peer);
}

test("a process of another user is recognised by the kernel's socket table", () => {
  expect(check([row(theirs, ours, 1001)])).toEqual({ kind: "other_user", uid: 1001 });
  expect(check([], [row(mapped(theirs), mapped(ours), 1001)])).toEqual({ kind: "other_user", uid: 1001 });
});

test("root is another user too", () => {
  expect(check([row(theirs, ours, 0)])).toEqual({ kind: "other_user", uid: 0 });
});

test("our own end of the connection does not vouch for the other", () => {
  expect(check([row(ours, theirs, 1000)]).kind).toBe("unknown");
});

test("a socket that is not established, or not in the table, is not accepted", () => {
  expect(check([row(theirs, ours, 1000, "06")]).kind).toBe("gone");
  expect(check([]).kind).toBe("unknown");
  expect(check(["nonsense", ""]).kind).toBe("unknown");
});

test("of a caller who hung up at once nothing is said, and of the live socket that took its port everything", async () => {
  expect(check([row(theirs, ours, 0, "06"), row(theirs, ours, 1001)])).toEqual({
    kind: "other_user",
    uid: 1001,
  });
  const notices: string[] = [];
  const server = createServer();
  guardPeers(
    server,
    () => ({ kind: "gone" }),
    (notice) => notices.push(notice),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = connect(portOf(server), "127.0.0.1").on("error", () => {});
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  server.close();
  expect(notices).toEqual([]);
});

test("when the table cannot be read nobody is accepted", () => {
  const unreadable = linuxPeerCheck(1000, () => {
    throw new Error("EACCES");
  });
  expect(unreadable(peer)).toEqual({ kind: "unknown", reason: "EACCES" });
});

test("the user's own process is accepted, over IPv4 and through an IPv6 socket", () => {
  expect(check([row(theirs, ours, 1000)])).toEqual({ kind: "same_user" });
  expect(check([], [row(mapped(theirs), mapped(ours), 1000)])).toEqual({ kind: "same_user" });
});

test("a row that slipped through the first reading is found in the second", () => {
  let readings = 0;
  const slippery = linuxPeerCheck(1000, () => {
    readings += 1;
    return readings <= 2 ? header : [header, row(theirs, ours, 1000)].join("\n");
  });
  expect(slippery(peer)).toEqual({ kind: "same_user" });
});

test.skipIf(process.platform !== "linux")("this process is the same user on this machine", async () => {
  const verdicts: unknown[] = [];
  const server = createServer();
  guardPeers(
    server,
    (address) => {
      const verdict = peerCheckOfThisSystem()(address);
      verdicts.push(verdict.kind);
      return verdict;
    },
    () => {},
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  for (const host of ["127.0.0.1", "::ffff:127.0.0.1"]) {
    await new Promise<void>((resolve) => {
      server.once("connection", (socket: Socket) => socket.destroy());
      connect({ host, port: portOf(server) })
        .on("close", () => resolve())
        .on("error", () => {});
    });
  }
  server.close();
  expect(verdicts).toEqual(["same_user", "same_user"]);
});
