-- Sign-outs: until when ID tokens count no more, whose a provider's sessions are, and which logout tokens have been obeyed.
CREATE TABLE signed_out (
  scope TEXT COLLATE "C" PRIMARY KEY,
  at BIGINT NOT NULL
);

-- By digest of issuer and sid.
CREATE TABLE provider_session (
  digest TEXT COLLATE "C" PRIMARY KEY,
  subject TEXT NOT NULL,
  kept_until BIGINT NOT NULL
);

CREATE INDEX provider_session_by_end ON provider_session (kept_until);

CREATE TABLE spent_logout_token (
  digest TEXT COLLATE "C" PRIMARY KEY,
  counts_until BIGINT NOT NULL
);

CREATE INDEX spent_logout_token_by_end ON spent_logout_token (counts_until);
