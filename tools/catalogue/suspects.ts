import type { SecretField } from "./curated.ts";
import type { ApiVersion } from "./intermediate.ts";
import { concerns } from "./secrets.ts";

const names =
  /pass(?:word|wd|phrase|code)|secret|credential|private_?key|api_?key|access_?key|shared_?key|signing_?key|encryption_?key|client_?key|activation_?key|token|signed_?ur[il]|jwt|auth_?code|connection_?string|kubeconfig|keystore|wallet/i;
const notNames =
  /(?:page|sync|resume|continuation|consistency|attribution|partition|stream|next\w*|count\w*)_?token|tokens?(?:count|info|limit)|(?:name|version|versions|id|type|state|status|hash|sha256|crc32c|uri|url|path|ref|policy|interval|expiration|ttl|format|time|count|domain|mode)$/i;
const prose =
  /\b(?:(?:password|passphrase|passcode|secret|credential|private key|api key|access key|shared key|signed ur[il]|jwt|authorization code)s?|bearer|(?:access|refresh|id|identity|session|security|auth\w*|oauth\w*) tokens?|tokens? (?:for|of|used|that|to)|input only)\b/i;
const notProse =
  /secret ?manager|secret version|resource name|name of the secret|kms|reference to|parameter name|\$context|pagination|deprecated/i;

/**
 * String fields whose name and prose both look secret and which nobody has listed, for a person to read. Three in four
 * were secrets when this was tried on a list made by hand, so it suggests and does not decide.
 */
export function findSuspects(version: ApiVersion, listed: readonly SecretField[]): string[] {
  const known = new Set(
    listed
      .filter((field) => field.api === version.api && concerns(field, version.version))
      .map(({ schema, path }) => `${schema}.${path}`),
  );
  return [...(version.prose ?? [])]
    .filter(([field, text]) => !known.has(field) && looksSecret(field.slice(field.indexOf(".") + 1), text))
    .map(([field, text]) => `${version.api} ${field}: ${text.slice(0, 160)}`);
}

function looksSecret(name: string, text: string): boolean {
  return names.test(name) && !notNames.test(name) && prose.test(text) && !notProse.test(text);
}
