-- Approval requests and the votes on them. Times are milliseconds since 1970.
CREATE TABLE approval_request (
  id TEXT COLLATE "C" PRIMARY KEY,
  state TEXT COLLATE "C" NOT NULL CHECK (
    state IN ('pending', 'approved', 'denied', 'expired', 'cancelled', 'executing', 'executed', 'lapsed', 'unknown')
  ),
  fingerprint TEXT NOT NULL,
  match_key TEXT COLLATE "C" NOT NULL,
  exchange_id TEXT NOT NULL,
  session_id TEXT COLLATE "C" NOT NULL,
  requester_id TEXT NOT NULL,
  requester TEXT NOT NULL CHECK (requester::json IS NOT NULL),
  agent TEXT NOT NULL,
  connection TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  operation_class TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  preview TEXT NOT NULL,
  requirements TEXT NOT NULL CHECK (requirements::json IS NOT NULL),
  policy_version TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  decide_by BIGINT NOT NULL,
  decided_at BIGINT,
  execute_by BIGINT,
  recorded BIGINT NOT NULL CHECK (recorded IN (0, 1)),
  sealed BYTEA,
  -- The held bytes go as soon as nothing can run them any more.
  CHECK ((sealed IS NOT NULL) = (state IN ('pending', 'approved', 'executing'))),
  CHECK (state <> 'approved' OR execute_by IS NOT NULL)
);

-- The same call never waits twice.
CREATE UNIQUE INDEX approval_request_open ON approval_request (match_key)
WHERE state IN ('pending', 'approved', 'executing');
CREATE INDEX approval_request_denied ON approval_request (match_key, decided_at) WHERE state = 'denied';
CREATE INDEX approval_request_by_state ON approval_request (state, created_at);
CREATE INDEX approval_request_by_requester ON approval_request (requester_id, created_at);
CREATE INDEX approval_request_pending ON approval_request (session_id) WHERE state = 'pending';
CREATE INDEX approval_request_unrecorded ON approval_request (recorded) WHERE recorded = 0;

CREATE TABLE approval_vote (
  request_id TEXT COLLATE "C" NOT NULL REFERENCES approval_request (id),
  ordinal BIGINT NOT NULL CHECK (ordinal >= 0),
  approver_id TEXT NOT NULL,
  -- Lower case; only verified addresses get this far.
  approver_email TEXT,
  approver TEXT NOT NULL CHECK (approver::json IS NOT NULL),
  verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'deny')),
  reason TEXT,
  at BIGINT NOT NULL,
  PRIMARY KEY (request_id, ordinal),
  UNIQUE (request_id, approver_id),
  -- The same person through another identity provider.
  UNIQUE (request_id, approver_email)
);

-- A second lock behind the statements of the store: states only move forward, and what was reviewed stays as it was.
CREATE TRIGGER approval_request_moves_forward BEFORE UPDATE OF state ON approval_request
FOR EACH ROW WHEN (NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN (
  'pending>approved', 'pending>denied', 'pending>expired', 'pending>cancelled',
  'approved>executing', 'approved>lapsed', 'approved>cancelled',
  'executing>executed', 'executing>lapsed', 'executing>unknown'
))
EXECUTE FUNCTION refuse('an approval request never goes back');
CREATE TRIGGER approval_request_stays_as_reviewed
BEFORE UPDATE OF id, fingerprint, match_key, session_id, requester_id, requester, requirements, policy_version, decide_by
ON approval_request
FOR EACH ROW EXECUTE FUNCTION refuse('what was reviewed is never changed');
CREATE TRIGGER approval_vote_is_never_changed BEFORE UPDATE ON approval_vote
FOR EACH ROW EXECUTE FUNCTION refuse('votes are never changed');
CREATE TRIGGER approval_vote_is_never_deleted BEFORE DELETE ON approval_vote
FOR EACH ROW EXECUTE FUNCTION refuse('votes are never deleted');
CREATE TRIGGER approval_vote_is_never_emptied BEFORE TRUNCATE ON approval_vote
FOR EACH STATEMENT EXECUTE FUNCTION refuse('votes are never deleted');

ALTER TABLE approval_request ENABLE ALWAYS TRIGGER approval_request_moves_forward;
ALTER TABLE approval_request ENABLE ALWAYS TRIGGER approval_request_stays_as_reviewed;
ALTER TABLE approval_vote ENABLE ALWAYS TRIGGER approval_vote_is_never_changed;
ALTER TABLE approval_vote ENABLE ALWAYS TRIGGER approval_vote_is_never_deleted;
ALTER TABLE approval_vote ENABLE ALWAYS TRIGGER approval_vote_is_never_emptied;
