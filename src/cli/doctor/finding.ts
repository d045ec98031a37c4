import type { Observation } from "./run-probe.ts";

/** What a client can and cannot do here, each step only if the one before is so. */
export interface Finding {
  readonly client: string;
  readonly path: string;
  /** Its calls to Google go through Gatehouse. */
  readonly routed: boolean;
  /** It takes Gatehouse's certificate. */
  readonly trusted: boolean;
  /** Gatehouse knows whose calls they are. */
  readonly authenticated: boolean;
  readonly works: boolean;
  /** What was seen, in a sentence. */
  readonly seen: string;
  /** The one line that mends it. */
  readonly mend?: string;
}

const distrust =
  /certificate[ _]verify[ _]failed|SSL certificate problem|self[- ]signed certificate|unable to (get|verify) .*certificate|x509: |CERT_UNTRUSTED|SSLError|SSLCertVerification|UNABLE_TO_GET_ISSUER/i;
const strangers =
  /(status\W{1,4}|HTTP\/[\d.]+ |Error |code\W{1,4})401\b|UNAUTHENTICATED|TOKEN_(MISSING|INVALID|EXPIRED)|SESSION_ENDED|do not currently have an active account|could not find default credentials/i;

/** Judges by what happened, never by what should have: without a tunnel nothing was routed, whatever came back. */
export function findingOf(
  client: { readonly client: string; readonly path: string },
  { tunnels, hasAnswer, output, isOverdue }: Observation,
): Finding {
  const name = client.client;
  const none = { ...client, routed: false, trusted: false, authenticated: false, works: false };
  if (tunnels === 0) {
    const seen = isOverdue
      ? "it did not come through the helper in time"
      : `it did not come through the helper${last(output)}`;
    const mend = `Start it as \`gatehouse run -- ${name} …\`, and let no wrapper or configuration of ${name} change HTTPS_PROXY, https_proxy or NO_PROXY.`;
    return { ...none, seen, mend };
  }
  if (!hasAnswer && distrust.test(output)) {
    const mend = `Let no wrapper or configuration of ${name} name other certificates than those \`gatehouse run\` sets (SSL_CERT_FILE, REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS).`;
    return { ...none, routed: true, seen: `it refuses Gatehouse's certificate${last(output)}`, mend };
  }
  if (!hasAnswer) {
    const seen = isOverdue ? "no answer in time" : `no answer was recognised${last(output)}`;
    return {
      ...none,
      routed: true,
      seen,
      mend: `Run \`gatehouse run -- ${name} …\` yourself, and read what it says.`,
    };
  }
  if (strangers.test(output)) {
    const mend = "Run `gatehouse login` again, and let nothing set a token or account of its own for it.";
    return { ...none, routed: true, trusted: true, seen: "Gatehouse does not know whose call it is", mend };
  }
  return {
    ...client,
    routed: true,
    trusted: true,
    authenticated: true,
    works: true,
    seen: "an answer came through Gatehouse",
  };
}

/** The end of what it said: most programs put the reason there. Without anything that could be a token. */
function last(output: string): string {
  const lines = output.trim().split("\n");
  const line = (lines.at(-1) ?? "").trim().replace(/[\w-]{20,}\.[\w-]{20,}\.[\w-]+/g, "…");
  return line === "" ? ", and said nothing" : `: ${line.slice(0, 200)}`;
}
