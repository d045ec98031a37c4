import { readFileSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { messageOf } from "#lib/errors";

/** The two ends of an accepted connection, as the kernel names them. */
export interface PeerAddress {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

export type PeerVerdict =
  | { readonly kind: "same_user" }
  | { readonly kind: "other_user"; readonly uid: number }
  /** Nobody can tell on this system: accepted, and said once at the start. */
  | { readonly kind: "unchecked" }
  /** It hung up before we looked: refused, and nobody needs to hear of it. Ways are found by knocking like that. */
  | { readonly kind: "gone" }
  /** It should be possible to tell, and was not: refused. */
  | { readonly kind: "unknown"; readonly reason: string };

export type PeerCheck = (peer: PeerAddress) => PeerVerdict;

/** Whether peers can be told apart here. Only Linux says whose socket is at the other end of a loopback connection. */
export function peerCheckOfThisSystem(): PeerCheck {
  const uid = process.getuid?.();
  if (process.platform !== "linux" || uid === undefined) return () => ({ kind: "unchecked" });
  return linuxPeerCheck(uid, (family) => readFileSync(`/proc/net/${family}`, "latin1"));
}

type SocketTable = "tcp" | "tcp6";

/**
 * Loopback is shared by every user of the machine, and metadata clients cannot carry our nonce: the kernel's socket
 * tables (proc(5), /proc/net/tcp) say who opened the other end. A Java or Go client's IPv6 socket may speak IPv4,
 * and then stands in the second table under its mapped address.
 */
export function linuxPeerCheck(ownUid: number, readTable: (family: SocketTable) => string): PeerCheck {
  return (peer) => {
    try {
      // The kernel hands the table out page by page, and a row can slip through while others come and go: look twice.
      const end = lookUp(peer, readTable) ?? lookUp(peer, readTable);
      if (end === undefined) return { kind: "unknown", reason: "the socket is not in the kernel's table" };
      if (end === "closed") return { kind: "gone" };
      return end === ownUid ? { kind: "same_user" } : { kind: "other_user", uid: end };
    } catch (error) {
      return { kind: "unknown", reason: messageOf(error) };
    }
  };
}

type OtherEnd = number | "closed";

function lookUp(peer: PeerAddress, readTable: (family: SocketTable) => string): OtherEnd | undefined {
  const local = { address: peer.remoteAddress, port: peer.remotePort };
  const remote = { address: peer.localAddress, port: peer.localPort };
  return (
    ownerOf(readTable("tcp"), kernelAddress(local), kernelAddress(remote)) ??
    ownerOf(readTable("tcp6"), mappedAddress(local), mappedAddress(remote))
  );
}

const established = "01";

/** Uid of the live socket between the two. One that its process has closed shows uid 0 at times, and another state. */
function ownerOf(table: string, local: string, remote: string): OtherEnd | undefined {
  let isClosed = false;
  for (const line of table.split("\n")) {
    const [, localAddress, remoteAddress, state, , , , uid] = line.trim().split(/\s+/);
    if (localAddress !== local || remoteAddress !== remote || uid === undefined || !/^\d+$/.test(uid))
      continue;
    if (state === established) return Number(uid);
    isClosed = true;
  }
  return isClosed ? "closed" : undefined;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** The kernel prints the address as 32-bit words in its own byte order, which is little-endian wherever Node 24 runs. */
function kernelAddress({ address, port }: Endpoint): string {
  const octets = address.replace(/^::ffff:/i, "").split(".");
  return `${octets.reverse().map(hexByte).join("")}:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}

function mappedAddress(endpoint: Endpoint): string {
  return `0000000000000000FFFF0000${kernelAddress(endpoint)}`;
}

function hexByte(octet: string): string {
  return Number(octet).toString(16).toUpperCase().padStart(2, "0");
}

/** Closes connections of other users before a byte of them is read. `notice` gets the reason, for the helper's owner. */
export function guardPeers(server: Server, check: PeerCheck, notice: (reason: string) => void): void {
  server.on("connection", (socket: Socket) => {
    // Gone before we looked: nobody to answer, nothing to report.
    if (socket.remoteAddress === undefined) return void socket.destroy();
    const verdict = check(addressOf(socket));
    if (verdict.kind === "same_user" || verdict.kind === "unchecked") return;
    socket.destroy();
    if (verdict.kind === "gone") return;
    notice(
      verdict.kind === "other_user"
        ? `A process of another user (uid ${verdict.uid}) tried to use this run's Gatehouse helper and was turned away.`
        : `A connection was turned away because its owner could not be found: ${verdict.reason}.`,
    );
  });
}

function addressOf(socket: Socket): PeerAddress {
  return {
    remoteAddress: socket.remoteAddress ?? "",
    remotePort: socket.remotePort ?? 0,
    localAddress: socket.localAddress ?? "",
    localPort: socket.localPort ?? 0,
  };
}
