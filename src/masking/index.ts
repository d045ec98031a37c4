/**
 * What must not be seen. Pure transforms over streams whose result does not depend on how the bytes were chunked.
 * It never derives a placeholder from the value it hides, and never lets the rest of a body pass that it cannot read.
 */
export type { Finding } from "./finding.ts";
export type { MaskingPlan, MaskingStream, MaskingSubject } from "./masker.ts";
export { type MaskingProblem, type ParsedMaskingRules, parseMaskingRules } from "./parse-rules.ts";
export { placeholderFor } from "./placeholder.ts";
export { planMasking } from "./plan.ts";
export type { MaskingRules } from "./rules.ts";
