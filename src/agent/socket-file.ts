import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { GatehouseError } from "#lib/errors";

/**
 * Listens at a path in a folder that must be its owner's alone: on Linux and macOS nobody connects to a socket who cannot
 * enter its folder. Node does not tell who is at the other end (SO_PEERCRED), so the folder is the fence. Abstract
 * sockets have no folder and are never used. Throws `socket_failed`.
 */
export async function listenAt(server: Server, path: string): Promise<void> {
  requirePrivateFolder(dirname(path));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new GatehouseError("socket_failed", `Cannot listen at ${path}: ${cause.message}.`, { cause })),
    );
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
}

/** Makes the folder if it is not there. Throws `socket_folder_open` when somebody else owns it or may enter. */
export function requirePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isPrivate(folder)) {
    throw new GatehouseError(
      "socket_folder_open",
      `${folder} belongs to somebody else, or others may enter it. Gatehouse's sockets are in folders of mode 0700 only.`,
    );
  }
}

/** A link is nobody's folder: it could lead elsewhere the next time. */
function isPrivate(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  const uid = process.getuid?.();
  if (found === undefined || !found.isDirectory() || uid === undefined) return false;
  return found.uid === uid && (found.mode & 0o077) === 0;
}

/**
 * Whether a socket is one of this user's own helpers. Whoever could put another in its place would lend the agent a token
 * of their own, and see what it does with it.
 */
export function isOwnSocket(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSocket() === true && found.uid === process.getuid?.() && isPrivate(dirname(path));
}

/** Whether somebody listens there. A socket whose process was killed stays as a file, and refuses. */
export function answersAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Clears away what a killed process left. Only a socket of our own goes; anything else is somebody's file. */
export function removeStaleSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new GatehouseError(
      "socket_failed",
      `${path} is not a socket. Move it away: it is not Gatehouse's.`,
    );
  }
  rmSync(path);
}
