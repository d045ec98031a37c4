/** What a command's exit status says. Scripts and agents rely on it: numbers are only ever added. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  expired: 4,
  signInNeeded: 5,
  serverUnreachable: 6,
  notVerified: 7,
  logContradicted: 8,
  notOpened: 9,
  againstRules: 10,
  stillWaiting: 75,
  notStarted: 125,
  notExecutable: 126,
  notFound: 127,
} as const;

/** The one table; help prints it. */
export const exitCodeTable: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "done; wait: approved"],
  ["1", "failed"],
  ["2", "the command line was not understood"],
  ["3", "denied, or cancelled"],
  ["4", "the approval request expired"],
  ["5", "sign-in needed: gatehouse login"],
  ["6", "no server answers"],
  ["7", "audit: the log, or the proof, is not what was signed"],
  ["8", "run, env: the server's audit log contradicts what this machine has seen of it; no token was given"],
  ["9", "audit verify: the log is what was signed, but not all that it commits to could be opened"],
  ["10", "audit verify: the log is what was signed, and tells of something that is against the rules"],
  ["75", "wait: still waiting"],
  ["125", "run, env: the command was not started"],
  ["126", "run: the command cannot be executed"],
  ["127", "run: there is no such command"],
  ["128+n", "run: the command was ended by signal n"],
];

const byErrorCode: Readonly<Record<string, number>> = {
  usage_invalid: exitCodes.usage,
  sign_in_needed: exitCodes.signInNeeded,
  server_unreachable: exitCodes.serverUnreachable,
  log_contradicted: exitCodes.logContradicted,
  same_person: exitCodes.denied,
  under_hold: exitCodes.denied,
  session_running: exitCodes.denied,
  command_not_found: exitCodes.notFound,
  command_not_executable: exitCodes.notExecutable,
};

export function exitCodeOf(errorCode: string): number {
  return byErrorCode[errorCode] ?? exitCodes.failed;
}
