-- Keys of sealed attachments, holds, and requests that need a second auditor. Times are milliseconds since 1970, but those that
-- are compared with entries' are theirs.

-- Which key an entry's attachments are under: its session's, or a day's that outlives the session's erasure.
ALTER TABLE audit_entry ADD COLUMN key_id TEXT GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.key')) VIRTUAL;

-- Wrapped by a key provider; never in clear. A destroyed key leaves its row, with the entry that says by whom and why.
CREATE TABLE audit_data_key (
  key_id TEXT PRIMARY KEY,
  scope TEXT NOT NULL CHECK (scope IN ('session', 'day')),
  wrapped BLOB,
  wrapped_by TEXT,
  made_at INTEGER NOT NULL,
  erased_at INTEGER,
  erasure_entry INTEGER REFERENCES audit_entry (entry_index),
  request_id TEXT,
  -- When the last of what it sealed was gone from the database file too.
  swept_at INTEGER,
  CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL)),
  CHECK ((wrapped IS NULL) = (wrapped_by IS NULL)),
  CHECK ((erased_at IS NULL) = (erasure_entry IS NULL)),
  CHECK (swept_at IS NULL OR erased_at IS NOT NULL)
) STRICT;

CREATE INDEX audit_data_key_unswept ON audit_data_key (erased_at) WHERE erased_at IS NOT NULL AND swept_at IS NULL;

CREATE TRIGGER audit_data_key_stays_erased BEFORE UPDATE ON audit_data_key
WHEN old.erased_at IS NOT NULL AND (new.wrapped IS NOT NULL OR new.erasure_entry <> old.erasure_entry)
BEGIN
  SELECT RAISE(ABORT, 'what was erased stays erased');
END;
CREATE TRIGGER audit_data_key_is_never_deleted BEFORE DELETE ON audit_data_key
BEGIN
  SELECT RAISE(ABORT, 'a destroyed key leaves its row');
END;

-- What must not be erased: one session, or whatever a query finds, now or later.
CREATE TABLE audit_hold (
  id TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  set_by TEXT NOT NULL CHECK (json_valid(set_by)),
  set_at INTEGER NOT NULL,
  session_id TEXT,
  principal TEXT,
  agent TEXT,
  resource TEXT,
  operation TEXT,
  class TEXT,
  from_time TEXT,
  to_time TEXT,
  released_at INTEGER,
  release_request TEXT,
  CHECK (coalesce(session_id, principal, agent, resource, operation, class, from_time, to_time) IS NOT NULL),
  CHECK (session_id IS NULL OR coalesce(principal, agent, resource, operation, class, from_time, to_time) IS NULL),
  CHECK ((released_at IS NULL) = (release_request IS NULL))
) STRICT;

CREATE TRIGGER audit_hold_is_only_released BEFORE UPDATE ON audit_hold
WHEN old.released_at IS NOT NULL OR new.released_at IS NULL
BEGIN
  SELECT RAISE(ABORT, 'a hold changes by its release, once');
END;
CREATE TRIGGER audit_hold_is_never_deleted BEFORE DELETE ON audit_hold
BEGIN
  SELECT RAISE(ABORT, 'holds are released, never deleted');
END;

-- What one auditor asked for and another has to confirm.
CREATE TABLE audit_request (
  id TEXT PRIMARY KEY,
  act TEXT NOT NULL CHECK (act IN ('erase', 'release')),
  -- A session's id, or a hold's.
  subject TEXT NOT NULL,
  reason TEXT NOT NULL,
  requested_by TEXT NOT NULL CHECK (json_valid(requested_by)),
  requested_at INTEGER NOT NULL,
  confirmed_by TEXT CHECK (confirmed_by IS NULL OR json_valid(confirmed_by)),
  confirmed_at INTEGER,
  CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL))
) STRICT;

CREATE INDEX audit_request_open ON audit_request (requested_at) WHERE confirmed_at IS NULL;

CREATE TRIGGER audit_request_is_only_confirmed BEFORE UPDATE ON audit_request
WHEN old.confirmed_at IS NOT NULL OR new.id <> old.id OR new.act <> old.act OR new.subject <> old.subject
  OR new.requested_by <> old.requested_by OR new.requested_at <> old.requested_at
BEGIN
  SELECT RAISE(ABORT, 'a request changes by its confirmation, once');
END;

-- Who asked for approval, and for what, goes with the session's erasure; until then it stays as it was reviewed.
DROP TRIGGER approval_request_stays_as_reviewed;
CREATE TRIGGER approval_request_stays_as_reviewed
BEFORE UPDATE OF id, fingerprint, match_key, session_id, requester_id, requester, requirements, policy_version, decide_by
ON approval_request
WHEN NOT EXISTS (
  SELECT 1 FROM audit_data_key WHERE key_id = old.session_id AND key_id = new.session_id AND erased_at IS NOT NULL
)
BEGIN
  SELECT RAISE(ABORT, 'what was reviewed is never changed');
END;
