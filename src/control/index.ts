/**
 * The control plane: HTTP API, token endpoint and plain pages for people, commands and helpers.
 * It never lets a cookie act on the API, a stored token decide, or an auditor read unseen. Trusted to ask who is there
 * before it answers, and to show hostile text as text.
 */
export { type ControlPlane, openControlPlane } from "./control-plane.ts";
export type { ControlPlanePorts, ExchangeReader, Readiness } from "./control-plane-ports.ts";
