/**
 * What runs beside an agent's command: a proxy and a metadata server of its own, on loopback, that lend gateway tokens.
 * It never holds a Google credential, never writes a token to disk or into the child's environment, and serves no other
 * user. Trusted with one session's gateway token.
 */

export { caBundle } from "./ca-bundle.ts";
export { type ChildCommand, runChild } from "./child.ts";
export {
  type ControlAddress,
  type ControlCall,
  ControlPlaneRefusal,
  callControlPlane,
  readControlPlaneFile,
  readServerInfo,
} from "./control-plane.ts";
export { audienceOf, credentialFile, type SubjectSource, shellScript } from "./credential-file.ts";
export { type Direction, directionOf } from "./direction.ts";
export {
  caVariables,
  federatedVariables,
  habits,
  type RunPlaces,
  runEnvironment,
  socketEnvironment,
} from "./environment.ts";
export { type Helper, type HelperParts, startHelper } from "./helper.ts";
export { type LogPin, LogPins } from "./log-pins.ts";
export { type AskConsistency, askConsistency, type LogWatch, openLogWatch } from "./log-watch.ts";
export { createService, type OpenRun, type Service, type ServiceParts } from "./open-runs.ts";
export { type PeerCheck, peerCheckOfThisSystem } from "./peer.ts";
export { joinService, readServiceStatus, stopService } from "./service-call.ts";
export { type RunRequest, relevantVariables, type ServiceStatus } from "./service-wire.ts";
export { askSocket } from "./socket-call.ts";
export { answersAt, isOwnSocket, listenAt, removeStaleSocket, requirePrivateFolder } from "./socket-file.ts";
export { type SessionRequest, tokenEndpoint } from "./token-endpoint.ts";
export { TokenSource } from "./token-source.ts";
