/**
 * In which words do others read the log? Entries as OCSF events, rows of CSV, and sessions as HAR. Pure: the same entry
 * always gives the same text. It adds nothing that is not on record, and never shows what masking hid: it sees what an
 * auditor sees. How far an export is trusted is up to who made it; only an evidence bundle proves itself.
 */
export { csvHeader, csvRow } from "./csv.ts";
export { type ExportedEntry, exportedEntry } from "./exported-entry.ts";
export { type HarExchange, harEntry, harFrame } from "./har.ts";
export { meaningOf, severityOf } from "./kind-meaning.ts";
export { type OcsfEvent, type OcsfSource, ocsfEvent, ocsfVersion } from "./ocsf.ts";
