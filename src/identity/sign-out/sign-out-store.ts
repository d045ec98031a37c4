/** A provider's own session of a person, as its `sid` claim names it (OpenID Connect Front-Channel Logout section 3). */
export interface ProviderSession {
  readonly issuer: string;
  readonly sid: string;
}

/** What is kept of sign-outs. Implementations live in storage/. */
export interface SignOutStore {
  /** ID tokens that were issued until `at` count no more, for the principals of this scope. Never goes back. */
  end(scope: string, at: Date): Promise<void>;
  /** The latest end of any of the scopes. */
  endedAt(scopes: readonly string[]): Promise<Date | undefined>;
  /** Whose a provider's session is, for as long as something that began with it may run. */
  remember(session: ProviderSession, subject: string, until: Date): Promise<void>;
  subjectOf(session: ProviderSession): Promise<string | undefined>;
  isSpent(digest: string): Promise<boolean>;
  /** A logout token has done its work; remembered until its age alone refuses it. */
  spend(digest: string, until: Date): Promise<void>;
}
