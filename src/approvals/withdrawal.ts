/** Why a request was withdrawn though its time was not up. What is stored of it is the word. */
export const withdrawals = [
  // The session that asked was stopped.
  "session_stopped",
  // The policies under which it was asked are not those in force.
  "policies_changed",
  // The same policies ask other people now: a condition may look at the time.
  "requirements_changed",
  // The connection of that name is not the one that was reviewed: another identity, endpoint or fence.
  "connection_changed",
  // That it was asked could not be put on record.
  "not_recorded",
] as const;
export type Withdrawal = (typeof withdrawals)[number];

/** In words that go behind "withdrawn: ". */
export const withdrawalWords: Readonly<Record<Withdrawal, string>> = {
  session_stopped: "the session that asked was stopped",
  policies_changed: "the policies have changed since it was asked",
  requirements_changed: "the policies ask for other approvals now than when it was asked",
  connection_changed: "its connection was changed or removed since it was asked",
  not_recorded: "that it was asked could not be put on record",
};
