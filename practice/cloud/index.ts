/**
 * A small simulated Google Cloud for practice and tests: one project on loopback, all state in memory.
 *
 * It answers what Google's published method descriptions say, to whoever carries an access token that its own token
 * endpoint issued, and it counts what arrives, so that a test can prove that a refused call never did.
 * It must never accept a credential of the real Google, nor listen beyond loopback, nor import anything of `src`.
 * Trust: none. What it holds is invented, and nothing may depend on it but the quick start, demos and tests.
 */
export { type Failure, type PracticeCloud, type PracticeCloudOptions, startPracticeCloud } from "./cloud.ts";
export type { KeyFile } from "./credentials.ts";
export type { GoogleCode } from "./google-error.ts";
export type { ArrivedRequest, RequestFilter } from "./journal.ts";
export { PRACTICE_SECRET_VALUE } from "./seed.ts";
