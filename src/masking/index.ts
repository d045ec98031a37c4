/**
 * What must not be seen. Pure transforms over streams whose result does not depend on how the bytes were chunked.
 * It never derives a placeholder from the value it hides.
 */
export type { Finding } from "./finding.ts";
export type { MaskingPlan, MaskingStream, MaskingSubject } from "./masker.ts";
