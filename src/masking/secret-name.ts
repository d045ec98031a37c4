/**
 * Layer 2: names that say secret, each with a guard on the value's shape. A name alone has a
 * precision of 0.37 over Google's fields; the false friends are page tokens, names of secrets, versions, key
 * references and URLs.
 */
export type NameVerdict =
  /** The value is a secret unless it plainly is something else: `password`, `client_secret`. */
  | "strong"
  /** The value is a secret if it looks random: `secret`, `token`, `key` may as well name one. */
  | "weak"
  | "none";

/** `initialRootPassword`, `DB_PASSWORD` and `db-password` as lower-case words. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

/** What a secret is stored as; says nothing about whether it is one. */
const carriers = new Set(["data", "value", "pem", "base64", "text", "string", "raw", "bytes", "plaintext"]);

const strongWords = new Set([
  "password",
  "passwd",
  "passphrase",
  "passcode",
  "authorization",
  "cookie",
  "apikey",
  "accesstoken",
  "authtoken",
  "refreshtoken",
  "idtoken",
  "privatekey",
  "secretkey",
  "clientsecret",
]);
const tokenOwners = new Set([
  "access",
  "refresh",
  "id",
  "auth",
  "oauth",
  "bearer",
  "session",
  "api",
  "security",
  "identity",
  "sas",
  "bot",
]);
const keyOwners = new Set(["private", "api", "secret", "access", "signing", "shared", "hmac", "master"]);
const secretOwners = new Set([
  "client",
  "shared",
  "app",
  "application",
  "consumer",
  "webhook",
  "jwt",
  "hmac",
]);
const weakWords = new Set(["secret", "token", "credential", "credentials"]);

/** Splitting into words takes time by the square of the length. */
export const nameCharsMax = 256;

/** Judges a member's name. The last word counts: `passwordSecretVersion` is a version, `next_page_token` a place. */
export function judgeName(name: string): NameVerdict {
  if (name.length > nameCharsMax) return "none";
  const words = wordsOf(name);
  while (words.length > 1 && carriers.has(words.at(-1) ?? "")) words.pop();
  const last = words.at(-1) ?? "";
  const owner = words.at(-2) ?? "";
  if (strongWords.has(last) || strongWords.has(owner + last)) return "strong";
  if (/(password|passwd|passphrase)$/.test(last)) return "strong";
  // Alone it is the shell's working directory.
  if (last === "pwd") return owner === "" ? "none" : "strong";
  if (last === "token") return tokenOwners.has(owner) ? "strong" : owner === "" ? "weak" : "none";
  if (last === "key") return keyOwners.has(owner) ? "strong" : "none";
  if (last === "secret") return secretOwners.has(owner) ? "strong" : "weak";
  return weakWords.has(last) ? "weak" : "none";
}

/** Whether a name says only how something is stored; what it is, the name around it says: `"password": {"value": …}`. */
export function isCarrier(name: string): boolean {
  const words = name.length > nameCharsMax ? [] : wordsOf(name);
  return words.length > 0 && words.every((word) => carriers.has(word));
}

/**
 * Names in bags of settings are the owner's own; there `KEY`, `AUTH` and `DSN` anywhere count as weak, and so does a
 * name too long to be looked at.
 */
export function judgeSetting(name: string): NameVerdict {
  if (name.length > nameCharsMax) return "weak";
  const verdict = judgeName(name);
  if (verdict !== "none") return verdict;
  const words = wordsOf(name);
  if (words.some((word) => strongWords.has(word))) return "weak";
  return words.some((word) => settingWords.has(word)) ? "weak" : "none";
}

const settingWords = new Set([
  "secret",
  "token",
  "key",
  "auth",
  "dsn",
  "credential",
  "credentials",
  "salt",
  "pass",
]);

/** Whether the value of a member with such a name is a secret. Empty text hides nothing. */
export function isSecretValue(verdict: NameVerdict, value: string): boolean {
  if (verdict === "none" || value === "" || isHarmless(value)) return false;
  return verdict === "strong" || looksRandom(value);
}

/** What secrets' names are often put on: flags, resource names of secrets and keys, plain URLs, references. */
function isHarmless(value: string): boolean {
  if (/^(true|false|null)$/i.test(value)) return true;
  if (
    /^(\/\/[a-z0-9.-]+\/)?(projects|organizations|folders|billingAccounts|locations)\/[^\s]+$/.test(value)
  ) {
    return true;
  }
  if (/^\$\{[A-Za-z0-9_.]{1,100}\}$/.test(value)) return true;
  return /^[a-z][a-z0-9+.-]{1,20}:\/\/[^\s@?]+$/.test(value);
}

/** Sixteen or more characters that change between letters and digits too often for words and versions. */
function looksRandom(value: string): boolean {
  for (const [run] of value.matchAll(/[A-Za-z0-9+/=_]{16,}/g)) {
    const changes = run.match(/[a-zA-Z](?=[0-9])|[0-9](?=[a-zA-Z])/g)?.length ?? 0;
    if (changes >= 3) return true;
  }
  return false;
}

/**
 * Formats that are secret under any name. Each match starts where no match could already run, and repeats within
 * bounds, so the time is linear in the text.
 */
const secretFormats: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/,
  /(?<![\w-])eyJ[\w-]{8,2000}\.[\w-]{8,8000}\.[\w-]{8,2000}/,
  /\bAIza[\w-]{35}/,
  /\bGOCSPX-[\w-]{20,60}/,
  /(?<![\w-])ya29\.[\w-]{20,2000}/,
  /\bgh[pousr]_\w{36,255}/,
  /(?<![\w-])xox[abeoprs]-[\w-]{10,250}/,
  /\b[sr]k_(live|test)_\w{16,250}/,
  /:\/\/[^\s/:@]{0,200}:[^\s/@]{1,200}@/,
];

/** Whether one leaf of a bag is a secret, by what `judgeSetting` made of its name or by its own looks. */
export function isSecretSetting(verdict: NameVerdict, value: string): boolean {
  if (isSecretValue(verdict, value)) return true;
  if (secretFormats.some((format) => format.test(value))) return true;
  const assignment = /^([A-Za-z_][\w.-]{0,100})=(.*)$/s.exec(value);
  if (assignment === null) return false;
  return isSecretValue(judgeSetting(assignment[1] ?? ""), assignment[2] ?? "");
}
