/** Why an exchange ends before its time. Names in the log. */
export type GoneCode = "client_gone" | "session_ended" | "draining";

const others: readonly GoneCode[] = ["session_ended", "draining"];

/** Of an exchange whose signal is aborted: the first reason counts, and a socket that closes is the client's doing. */
export function goneCode({ reason }: Pick<AbortSignal, "reason">): GoneCode {
  return others.find((code) => code === reason) ?? "client_gone";
}
