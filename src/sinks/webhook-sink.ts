import { createHash } from "node:crypto";
import { Webhook } from "standardwebhooks";
import type { Clock } from "#lib/clock";
import type { Egress } from "#lib/egress";
import { GatehouseError } from "#lib/errors";
import { callGuarded } from "#lib/guarded-call";
import { limits } from "#lib/limits";
import type { Secret } from "#lib/secret";
import type { Batch, Sink } from "./sink.ts";

export interface WebhookSinkParts {
  readonly url: URL;
  /** Asked for at each batch. Several while one is being replaced: a receiver takes any it knows. `whsec_` and base64. */
  readonly secrets: () => readonly Secret[];
  readonly egress: Egress;
  readonly clock: Clock;
}

/**
 * Standard Webhooks (https://www.standardwebhooks.com): one POST a batch, signed with every secret. The same entries have the
 * same `webhook-id` however often they come, so that a receiver can tell. Any 2xx means that it has them, whatever
 * else it has to say and however long that takes.
 */
export function webhookSink({ url, secrets, egress, clock }: WebhookSinkParts): Sink {
  return {
    async deliver(batch, signal) {
      const body = bodyOf(batch);
      const id = idOf(batch);
      const at = clock.now();
      const signatures = secrets().map((secret) => signatureOf(secret, { id, at, body }));
      const { status } = await callGuarded(
        {
          url,
          method: "POST",
          headers: {
            "content-type": "application/json",
            "user-agent": "gatehouse",
            "webhook-id": id,
            "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
            "webhook-signature": signatures.join(" "),
          },
          body: Buffer.from(body, "utf8"),
        },
        { egress, bytesMax: "unread", timeoutMs: limits.sinkTimeoutMs, signal },
      );
      if (status < 200 || status > 299)
        throw new GatehouseError("sink_refused", `The webhook at ${url.origin} answered ${status}.`);
    },
    close: () => egress.close(),
  };
}

interface Signed {
  readonly id: string;
  readonly at: Date;
  readonly body: string;
}

/** Standard Webhooks: "between 24 bytes (192 bits) and 64 bytes". Whoever guesses a shorter one can write our log for others. */
const secretShape = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

/** Throws `sink_secret_invalid`, which never quotes the secret. */
function signatureOf(secret: Secret, { id, at, body }: Signed): string {
  try {
    if (!secretShape.test(secret.reveal())) throw new RangeError("another shape");
    return new Webhook(secret.reveal()).sign(id, at, body);
  } catch {
    throw new GatehouseError(
      "sink_secret_invalid",
      "A secret of a webhook cannot be used. It is whsec_ and at least 24 bytes in base64.",
    );
  }
}

/** `type`, `timestamp` and `data` as Standard Webhooks suggests. The entries are JSON already. */
function bodyOf({ origin, first, last, entries }: Batch): string {
  const head = { type: "gatehouse.audit.entries", timestamp: entries.at(-1)?.at };
  const data = `{"origin":${JSON.stringify(origin)},"first":${first},"last":${last},"entries":[${entries.map(({ json }) => json).join(",")}]}`;
  return `${JSON.stringify(head).slice(0, -1)},"data":${data}}`;
}

/** Of what is sent: the same for the same entries, another for others. */
function idOf({ origin, first, last }: Batch): string {
  const digest = createHash("sha256").update(`${origin}\n${first}\n${last}`).digest("hex");
  return `msg_${digest.slice(0, 32)}`;
}
