-- Sign-outs: until when ID tokens count no more, whose a provider's sessions are, and which logout tokens have been obeyed.
CREATE TABLE signed_out (
  scope TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- By digest of issuer and sid.
CREATE TABLE provider_session (
  digest TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  kept_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX provider_session_by_end ON provider_session (kept_until);

CREATE TABLE spent_logout_token (
  digest TEXT PRIMARY KEY,
  counts_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_logout_token_by_end ON spent_logout_token (counts_until);
