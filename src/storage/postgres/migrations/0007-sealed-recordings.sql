-- Keys of sealed attachments, holds, and requests that need a second auditor. Times are milliseconds since 1970, but those that
-- are compared with entries' are theirs.

-- Which key an entry's attachments are under: its session's, or a day's that outlives the session's erasure.
ALTER TABLE audit_entry ADD COLUMN key_id TEXT COLLATE "C";

CREATE OR REPLACE FUNCTION audit_entry_is_appended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  said CONSTANT jsonb := convert_from(NEW.leaf, 'UTF8')::jsonb;
BEGIN
  IF NEW.entry_index <> (SELECT coalesce(max(entry_index) + 1, 0) FROM audit_entry) THEN
    RAISE EXCEPTION 'audit entries are appended without gaps';
  END IF;
  NEW.kind := said ->> 'kind';
  NEW.session_id := said ->> 'session';
  NEW.exchange_id := said ->> 'exchange';
  NEW.t := said ->> 't';
  NEW.operation := said ->> 'operation';
  NEW.class := said ->> 'class';
  NEW.decision := said ->> 'decision';
  NEW.status := said ->> 'status';
  NEW.key_id := said ->> 'key';
  RETURN NEW;
END;
$$;

-- Wrapped by a key provider; never in clear. A destroyed key leaves its row, with the entry that says by whom and why.
CREATE TABLE audit_data_key (
  key_id TEXT COLLATE "C" PRIMARY KEY,
  scope TEXT COLLATE "C" NOT NULL CHECK (scope IN ('session', 'day')),
  wrapped BYTEA,
  wrapped_by TEXT,
  made_at BIGINT NOT NULL,
  erased_at BIGINT,
  erasure_entry BIGINT REFERENCES audit_entry (entry_index),
  request_id TEXT COLLATE "C",
  -- When the last of what it sealed was gone from the tables too.
  swept_at BIGINT,
  CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL)),
  CHECK ((wrapped IS NULL) = (wrapped_by IS NULL)),
  CHECK ((erased_at IS NULL) = (erasure_entry IS NULL)),
  CHECK (swept_at IS NULL OR erased_at IS NOT NULL)
);

CREATE INDEX audit_data_key_unswept ON audit_data_key (erased_at) WHERE erased_at IS NOT NULL AND swept_at IS NULL;

CREATE TRIGGER audit_data_key_stays_erased BEFORE UPDATE ON audit_data_key
FOR EACH ROW WHEN (
  OLD.erased_at IS NOT NULL AND (NEW.wrapped IS NOT NULL OR NEW.erasure_entry IS DISTINCT FROM OLD.erasure_entry)
)
EXECUTE FUNCTION refuse('what was erased stays erased');
CREATE TRIGGER audit_data_key_is_never_deleted BEFORE DELETE ON audit_data_key
FOR EACH ROW EXECUTE FUNCTION refuse('a destroyed key leaves its row');
CREATE TRIGGER audit_data_key_is_never_emptied BEFORE TRUNCATE ON audit_data_key
FOR EACH STATEMENT EXECUTE FUNCTION refuse('a destroyed key leaves its row');

-- What must not be erased: one session, or whatever a query finds, now or later.
CREATE TABLE audit_hold (
  id TEXT COLLATE "C" PRIMARY KEY,
  reason TEXT NOT NULL,
  set_by TEXT NOT NULL CHECK (set_by::json IS NOT NULL),
  set_at BIGINT NOT NULL,
  session_id TEXT COLLATE "C",
  principal TEXT COLLATE "C",
  agent TEXT COLLATE "C",
  resource TEXT COLLATE "C",
  operation TEXT COLLATE "C",
  class TEXT COLLATE "C",
  from_time TEXT COLLATE "C",
  to_time TEXT COLLATE "C",
  released_at BIGINT,
  release_request TEXT COLLATE "C",
  CHECK (coalesce(session_id, principal, agent, resource, operation, class, from_time, to_time) IS NOT NULL),
  CHECK (session_id IS NULL OR coalesce(principal, agent, resource, operation, class, from_time, to_time) IS NULL),
  CHECK ((released_at IS NULL) = (release_request IS NULL))
);

CREATE TRIGGER audit_hold_is_only_released BEFORE UPDATE ON audit_hold
FOR EACH ROW WHEN (OLD.released_at IS NOT NULL OR NEW.released_at IS NULL)
EXECUTE FUNCTION refuse('a hold changes by its release, once');
CREATE TRIGGER audit_hold_is_never_deleted BEFORE DELETE ON audit_hold
FOR EACH ROW EXECUTE FUNCTION refuse('holds are released, never deleted');
CREATE TRIGGER audit_hold_is_never_emptied BEFORE TRUNCATE ON audit_hold
FOR EACH STATEMENT EXECUTE FUNCTION refuse('holds are released, never deleted');

-- What one auditor asked for and another has to confirm.
CREATE TABLE audit_request (
  id TEXT COLLATE "C" PRIMARY KEY,
  act TEXT COLLATE "C" NOT NULL CHECK (act IN ('erase', 'release')),
  -- A session's id, or a hold's.
  subject TEXT COLLATE "C" NOT NULL,
  reason TEXT NOT NULL,
  requested_by TEXT NOT NULL CHECK (requested_by::json IS NOT NULL),
  requested_at BIGINT NOT NULL,
  confirmed_by TEXT CHECK (confirmed_by IS NULL OR confirmed_by::json IS NOT NULL),
  confirmed_at BIGINT,
  CHECK ((confirmed_by IS NULL) = (confirmed_at IS NULL))
);

CREATE INDEX audit_request_open ON audit_request (requested_at) WHERE confirmed_at IS NULL;

CREATE TRIGGER audit_request_is_only_confirmed BEFORE UPDATE ON audit_request
FOR EACH ROW WHEN (
  OLD.confirmed_at IS NOT NULL OR NEW.id <> OLD.id OR NEW.act <> OLD.act OR NEW.subject <> OLD.subject
  OR NEW.requested_by <> OLD.requested_by OR NEW.requested_at <> OLD.requested_at
)
EXECUTE FUNCTION refuse('a request changes by its confirmation, once');

-- Who asked for approval, and for what, goes with the session's erasure; until then it stays as it was reviewed.
DROP TRIGGER approval_request_stays_as_reviewed ON approval_request;
CREATE FUNCTION approval_request_stays_as_reviewed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.session_id = OLD.session_id
    AND EXISTS (SELECT 1 FROM audit_data_key WHERE key_id = OLD.session_id AND erased_at IS NOT NULL) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'what was reviewed is never changed';
END;
$$;
CREATE TRIGGER approval_request_stays_as_reviewed
BEFORE UPDATE OF id, fingerprint, match_key, session_id, requester_id, requester, requirements, policy_version, decide_by
ON approval_request
FOR EACH ROW EXECUTE FUNCTION approval_request_stays_as_reviewed();

ALTER TABLE audit_data_key ENABLE ALWAYS TRIGGER audit_data_key_stays_erased;
ALTER TABLE audit_data_key ENABLE ALWAYS TRIGGER audit_data_key_is_never_deleted;
ALTER TABLE audit_data_key ENABLE ALWAYS TRIGGER audit_data_key_is_never_emptied;
ALTER TABLE audit_hold ENABLE ALWAYS TRIGGER audit_hold_is_only_released;
ALTER TABLE audit_hold ENABLE ALWAYS TRIGGER audit_hold_is_never_deleted;
ALTER TABLE audit_hold ENABLE ALWAYS TRIGGER audit_hold_is_never_emptied;
ALTER TABLE audit_request ENABLE ALWAYS TRIGGER audit_request_is_only_confirmed;
ALTER TABLE approval_request ENABLE ALWAYS TRIGGER approval_request_stays_as_reviewed;
