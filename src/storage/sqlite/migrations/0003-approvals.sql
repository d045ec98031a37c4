-- Approval requests and the votes on them. Times are milliseconds since 1970.
CREATE TABLE approval_request (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (
    state IN ('pending', 'approved', 'denied', 'expired', 'cancelled', 'executing', 'executed', 'lapsed', 'unknown')
  ),
  fingerprint TEXT NOT NULL,
  match_key TEXT NOT NULL,
  exchange_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  requester_id TEXT NOT NULL,
  requester TEXT NOT NULL CHECK (json_valid(requester)),
  agent TEXT NOT NULL,
  connection TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  operation_class TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  preview TEXT NOT NULL,
  requirements TEXT NOT NULL CHECK (json_valid(requirements)),
  policy_version TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  decide_by INTEGER NOT NULL,
  decided_at INTEGER,
  execute_by INTEGER,
  recorded INTEGER NOT NULL CHECK (recorded IN (0, 1)),
  sealed BLOB,
  -- The held bytes go as soon as nothing can run them any more.
  CHECK ((sealed IS NOT NULL) = (state IN ('pending', 'approved', 'executing'))),
  CHECK (state <> 'approved' OR execute_by IS NOT NULL)
) STRICT;

-- The same call never waits twice.
CREATE UNIQUE INDEX approval_request_open ON approval_request (match_key)
WHERE state IN ('pending', 'approved', 'executing');
CREATE INDEX approval_request_denied ON approval_request (match_key, decided_at) WHERE state = 'denied';
CREATE INDEX approval_request_by_state ON approval_request (state, created_at);
CREATE INDEX approval_request_by_requester ON approval_request (requester_id, created_at);
CREATE INDEX approval_request_pending ON approval_request (session_id) WHERE state = 'pending';
CREATE INDEX approval_request_unrecorded ON approval_request (recorded) WHERE recorded = 0;

CREATE TABLE approval_vote (
  request_id TEXT NOT NULL REFERENCES approval_request (id),
  ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
  approver_id TEXT NOT NULL,
  -- Lower case; only verified addresses get this far.
  approver_email TEXT,
  approver TEXT NOT NULL CHECK (json_valid(approver)),
  verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'deny')),
  reason TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (request_id, ordinal),
  UNIQUE (request_id, approver_id),
  -- The same person through another identity provider.
  UNIQUE (request_id, approver_email)
) STRICT;

-- A second lock behind the statements of the store: states only move forward, and what was reviewed stays as it was.
CREATE TRIGGER approval_request_moves_forward BEFORE UPDATE OF state ON approval_request
WHEN new.state <> old.state AND old.state || '>' || new.state NOT IN (
  'pending>approved', 'pending>denied', 'pending>expired', 'pending>cancelled',
  'approved>executing', 'approved>lapsed', 'approved>cancelled',
  'executing>executed', 'executing>lapsed', 'executing>unknown'
)
BEGIN
  SELECT RAISE(ABORT, 'an approval request never goes back');
END;
CREATE TRIGGER approval_request_stays_as_reviewed
BEFORE UPDATE OF id, fingerprint, match_key, session_id, requester_id, requester, requirements, policy_version, decide_by
ON approval_request
BEGIN
  SELECT RAISE(ABORT, 'what was reviewed is never changed');
END;
CREATE TRIGGER approval_vote_is_never_changed BEFORE UPDATE ON approval_vote
BEGIN
  SELECT RAISE(ABORT, 'votes are never changed');
END;
CREATE TRIGGER approval_vote_is_never_deleted BEFORE DELETE ON approval_vote
BEGIN
  SELECT RAISE(ABORT, 'votes are never deleted');
END;
