/** The shapes the control plane speaks, shared with the command line and the web UI. Shapes only: no behaviour. */
export {
  type ApprovalDetail,
  type ApprovalStatus,
  approvalDetail,
  approvalList,
  approvalState,
  approvalStatus,
  type VoteRequest,
  voteRequest,
} from "./approval.ts";
export {
  type AuditEntry,
  type AuditEntryDetail,
  type AuditEntryQuery,
  type AuditExportPage,
  type AuditExportQuery,
  auditEntry,
  auditEntryDetail,
  auditEntryList,
  auditEntryQuery,
  auditExportFormat,
  auditExportPage,
  auditExportQuery,
  consistencyAnswer,
  consistencyQuery,
  type ErasureView,
  erasure,
  isSpan,
} from "./audit.ts";
export {
  type CustodyRequestView,
  confirmation,
  custodyRequest,
  erasureRequest,
  type HoldQueryView,
  type HoldView,
  hold,
  holdList,
  holdQuery,
  type NewHold,
  newHold,
  releaseRequest,
} from "./custody.ts";
export { type Me, me } from "./me.ts";
export { type Problem, problem } from "./problem.ts";
export { type ServerInfo, serverInfo } from "./server-info.ts";
export {
  type ExchangeDetail,
  type ExchangeSummary,
  exchangeDetail,
  exchangeId,
  exchangeSummary,
  type RecordedMessage,
  recordedMessage,
  type SessionDetail,
  type SessionSummary,
  sessionDetail,
  sessionDetailQuery,
  sessionList,
  sessionSummary,
  sessionsStop,
  sessionsStopped,
} from "./session.ts";
export { type SinkState, sinkList, sinkMove, sinkMoved, sinkStatus } from "./sink.ts";
export {
  type DeviceAnswer,
  deviceAnswer,
  type LoginAnswer,
  loginAnswer,
  type TokenAnswer,
  tokenAnswer,
  tokenError,
} from "./token.ts";
