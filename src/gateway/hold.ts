import { headerValues, type RawHeader } from "#lib/headers";

/** How long a client can be kept waiting for its answer, and what keeps it waiting. */
export interface Hold {
  readonly atMostMs: number;
  readonly interim: { readonly status: 100 | 103; readonly everyMs: number } | undefined;
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;

/**
 * Measured, client by client; the first match wins. A wrong interim reply is worse than none: `103` makes gcloud fail
 * at once, `100` kills Node's fetch, and the sixth `100` kills older Go.
 */
const holds: readonly { readonly match: RegExp; readonly hold: Hold }[] = [
  { match: / gcloud\//, hold: held(30 * minuteMs, 100, 120 * secondMs) },
  {
    match:
      /gsutil\/|\bbq\/|apitools|httplib2|google-api-python-client|python-requests|Python-urllib|gcloud-python/,
    hold: held(30 * minuteMs, 100, 25 * secondMs),
  },
  { match: /^(node|undici)$/, hold: held(10 * minuteMs, 103, 120 * secondMs) },
  { match: /terraform-provider/, hold: held(80 * secondMs) },
  { match: /Terraform|kubectl|Go-http-client|gl-go/, hold: held(10 * minuteMs) },
  {
    match: /curl\/|google-api-nodejs-client|gcloud-node-storage|axios|\bgot\b/,
    hold: held(30 * minuteMs),
  },
  { match: /Java|gl-java/, hold: held(15 * secondMs) },
];

const unknownClient = held(50 * secondMs);

export function holdFor(headers: readonly RawHeader[]): Hold {
  const names = [...headerValues(headers, "user-agent"), ...headerValues(headers, "x-goog-api-client")];
  return holds.find(({ match }) => names.some((name) => match.test(name)))?.hold ?? unknownClient;
}

function held(atMostMs: number, status?: 100 | 103, everyMs?: number): Hold {
  return {
    atMostMs,
    interim: status === undefined || everyMs === undefined ? undefined : { status, everyMs },
  };
}
