-- Agents' sessions. People's names live here, beside the log and erasable, never in it.
CREATE TABLE session (
  id TEXT COLLATE "C" PRIMARY KEY,
  principal_id TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  email TEXT,
  groups TEXT NOT NULL CHECK (groups::json IS NOT NULL),
  agent TEXT NOT NULL,
  connection TEXT,
  started_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  stopped_at BIGINT
);

CREATE INDEX session_by_principal ON session (principal_id) WHERE stopped_at IS NULL;
CREATE INDEX session_by_start ON session (started_at DESC);
