/**
 * What the body of a call says the call does. It refines the class the method has; it never makes a call another call.
 * A class is lowered only by a body that was read to its end and understood without doubt. Pure; trusted with every byte an
 * agent may send.
 */

export { bodyMatters, refineByBody } from "./refine-by-body.ts";
export { refineByQuery } from "./refine-by-query.ts";
export type { RequestBody } from "./request-body.ts";
