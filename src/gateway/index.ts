/**
 * The data plane: one exchange from arrival to answer.
 * It never forwards what has not been recorded, and never shows the agent the upstream credential. Trusted with every
 * credential for as long as one request takes; whatever it cannot judge, record or mask it refuses.
 */
export { type DataPlane, openDataPlane } from "./data-plane.ts";
export type { ApprovalKeys, DataPlanePorts } from "./data-plane-ports.ts";
export type { Answer, DecidedRequest, ReceivedRequest } from "./exchange.ts";
export type { RefusalCode } from "./refusal.ts";
export { refusalTable } from "./refusal-table.ts";
export type { UniverseListenOptions } from "./universe-door.ts";
