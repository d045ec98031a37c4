/**
 * Who else is told? Published entries, in order, at least once, to files, webhooks, syslog and object stores. It keeps no queue
 * but the log, skips nothing by itself, and sends no recording ever. A receiver is believed to have what it says it has, and
 * nothing more.
 */
export { Delivery, type DeliveryParts, type Round, type SinkLog } from "./delivery.ts";
export { fileSink } from "./file-sink.ts";
export { type ObjectSinkParts, objectSink } from "./object-sink.ts";
export { openSinks, type Sinks } from "./open-sinks.ts";
export type {
  Batch,
  ConfiguredSink,
  OutgoingEntry,
  RenderedEntry,
  Sink,
  SinkStatus,
  SinkStore,
} from "./sink.ts";
export { type SyslogSinkParts, syslogSink } from "./syslog-sink.ts";
export { type WebhookSinkParts, webhookSink } from "./webhook-sink.ts";
