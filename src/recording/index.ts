/**
 * What was said: request and answer after masking, kept for a time. It sees masked bytes only, alters none of them,
 * and holds no more of a body than it was told to.
 */
export { type BodyCapture, type CapturedBody, captureBody } from "./body-capture.ts";
export {
  decodeRecording,
  encodeRecording,
  type Recording,
  type ShownMessage,
  showRecording,
} from "./recording.ts";
