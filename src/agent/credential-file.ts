/** Where a Google library gets the subject token it exchanges at Gatehouse (AIP-4117). */
export type SubjectSource =
  /** Split at blanks by some libraries: no part may hold one. */
  | { readonly kind: "executable"; readonly command: string }
  | { readonly kind: "file"; readonly path: string }
  /** Answers GET with a token, or with JSON that has it in `field`. */
  | { readonly kind: "url"; readonly url: string; readonly field: string | undefined };

export interface FederatedFile {
  readonly controlUrl: string;
  /** Set for clients that look for every API under a domain of the gateway's. */
  readonly universeDomain: string | undefined;
  readonly source: SubjectSource;
}

/** What libraries name as audience to an executable, which then knows that it is meant. */
export function audienceOf(controlUrl: string): string {
  return `//${new URL(controlUrl).host}/v1/token`;
}

/** AIP-4117: 30 s are what libraries take when nothing is said, and what a token that has to be renewed may need. */
const executableTimeoutMs = 30_000;

/** A stock `external_account` file whose tokens come from Gatehouse. There is no secret in it. */
export function credentialFile({ controlUrl, universeDomain, source }: FederatedFile): string {
  const content = {
    type: "external_account",
    audience: audienceOf(controlUrl),
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${controlUrl}/v1/token`,
    token_info_url: `${controlUrl}/v1/introspect`,
    credential_source: sourceOf(source),
    ...(universeDomain === undefined ? {} : { universe_domain: universeDomain }),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

function sourceOf(source: SubjectSource): object {
  switch (source.kind) {
    case "executable":
      return { executable: { command: source.command, timeout_millis: executableTimeoutMs } };
    case "file":
      return { file: source.path };
    case "url":
      return source.field === undefined
        ? { url: source.url }
        : { url: source.url, format: { type: "json", subject_token_field_name: source.field } };
  }
}

/** Runs these words with no blank of theirs in the way: libraries split an executable's command at blanks. */
export function shellScript(words: readonly string[]): string {
  return `#!/bin/sh\nexec ${words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")}\n`;
}
