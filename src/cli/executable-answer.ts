import type { Secret } from "#lib/secret";

/** What an executable source may call its token (AIP-4117). */
const tokenTypes = [
  "urn:ietf:params:oauth:token-type:jwt",
  "urn:ietf:params:oauth:token-type:id_token",
] as const;
export type TokenType = (typeof tokenTypes)[number];

/** What the Google library that started us asks for, or why it cannot be had. `undefined` members mean: nobody asked. */
export interface LibraryQuestion {
  readonly audience: string | undefined;
  readonly tokenType: TokenType | undefined;
}

/**
 * Libraries ask in variables. `GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE` is left alone: a library that finds nothing there
 * takes what we print, and no token is ever on disk.
 */
export function libraryQuestion(environment: NodeJS.ProcessEnv): LibraryQuestion {
  const wanted = environment["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE"];
  return {
    audience: environment["GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE"] || undefined,
    tokenType:
      wanted === undefined || wanted === "" ? tokenTypes[0] : tokenTypes.find((each) => each === wanted),
  };
}

export interface SubjectToken {
  readonly token: Secret;
  /** Seconds since the epoch. */
  readonly expiresAtS: number;
}

/** AIP-4117, the shape of success. `expiration_time` is what a library caches by. */
export function successAnswer({ token, expiresAtS }: SubjectToken, tokenType: TokenType): string {
  return JSON.stringify({
    version: 1,
    success: true,
    token_type: tokenType,
    id_token: token.reveal(),
    expiration_time: expiresAtS,
  });
}

/** AIP-4117, the shape of failure; the library shows both to whoever runs the command. */
export function failureAnswer(code: string, message: string): string {
  return JSON.stringify({ version: 1, success: false, code, message });
}
