/**
 * The data plane: one exchange from arrival to answer.
 * It never forwards what has not been recorded, and never shows the agent the upstream credential.
 */
export type { Answer, ReceivedRequest } from "./exchange.ts";
