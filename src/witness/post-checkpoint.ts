import type { Egress } from "#lib/egress";
import { callGuarded } from "#lib/guarded-call";
import { limits } from "#lib/limits";

export interface WitnessReply {
  readonly status: number;
  /** Without parameters. */
  readonly contentType: string;
  readonly body: string;
}

/** Posts one `add-checkpoint` body. Rejects with `egress_refused` or `call_failed` when there is no answer. */
export type PostCheckpoint = (prefix: URL, body: string) => Promise<WitnessReply>;

export function postCheckpoint(egress: Egress): PostCheckpoint {
  return async (prefix, body) => {
    // Set, not resolved: a path that begins with `//` would be taken for another host.
    const url = new URL(prefix);
    url.pathname = `${prefix.pathname.replace(/\/$/, "")}/add-checkpoint`;
    url.search = "";
    url.hash = "";
    const answer = await callGuarded(
      {
        url,
        method: "POST",
        headers: { "content-type": "text/plain; charset=utf-8" },
        body: Buffer.from(body),
      },
      { egress, bytesMax: limits.witnessAnswerBytesMax, timeoutMs: limits.witnessTimeoutMs },
    );
    return {
      status: answer.status,
      contentType: (answer.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "",
      body: Buffer.from(answer.body).toString("utf8"),
    };
  };
}
