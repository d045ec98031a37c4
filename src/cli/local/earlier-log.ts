import type { LogPins } from "#agent";

/**
 * Forgets what this user's runs have seen at the quick start's address of a log with another key: that was an earlier quick
 * start, from another folder or one that is gone. Whether there was one. The same log cut short keeps its key, and is still found.
 */
export function forgetEarlierLog(
  pins: LogPins,
  { server, verifierKey }: { readonly server: string; readonly verifierKey: string },
): boolean {
  const pinned = pins.all().find((pin) => pin.server === server);
  return pinned !== undefined && pinned.verifierKey !== verifierKey && pins.forget(server);
}
