import { pino } from "pino";
import { visibleJson } from "#lib/printable";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Facts first, then one sentence. An error goes under `err`, with its causes. */
export interface Logger {
  debug(facts: object, sentence: string): void;
  info(facts: object, sentence: string): void;
  warn(facts: object, sentence: string): void;
  error(facts: object, sentence: string): void;
}

/**
 * JSON lines. Two nets under the callers' own care: members whose names say secret lose their values, and whatever
 * looks like a token is cut out of the finished line, wherever it came from (an error's message, a header, a URL). Lines are
 * read in terminals, so what cannot be seen in them stands as an escape.
 */
export function createLogger(
  level: LogLevel,
  destination: { write(line: string): void } = process.stdout,
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: "[secret]" },
    },
    { write: (line) => destination.write(visibleJson(scrub(line))) },
  );
}

const secretNames = [
  "authorization",
  "Authorization",
  '["proxy-authorization"]',
  '["Proxy-Authorization"]',
  "cookie",
  '["set-cookie"]',
  "token",
  "access_token",
  "accessToken",
  "refresh_token",
  "id_token",
  "client_secret",
  "password",
  "privateKey",
  "private_key",
  "credential",
  "bearer",
];

const secretPaths = secretNames.flatMap((name) =>
  name.startsWith("[") ? [name, `*${name}`, `*.*${name}`] : [name, `*.${name}`, `*.*.${name}`],
);

/**
 * Google access tokens, JWTs, PEM keys, secrets of webhooks, and whatever follows a scheme. Strangers write into these lines:
 * each shape begins only where its token can begin, or a long line of beginnings would cost its square. A key that was cut off
 * before its end is a key.
 */
const tokenShapes = [
  /ya29\.[\w.-]{10,4096}/g,
  /(?<![\w-])eyJ[\w-]{5,8192}\.[\w-]{5,16384}\.[\w-]{0,1024}/g,
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?:[^-]|-(?!----)){0,8192}/g,
  /whsec_[\w+/=-]{8,1024}/g,
  /(?<=\b(?:bearer|basic) )[\w.~+/=-]{8,16384}/gi,
];

function scrub(line: string): string {
  return tokenShapes.reduce((text, shape) => text.replace(shape, "[secret]"), line);
}
