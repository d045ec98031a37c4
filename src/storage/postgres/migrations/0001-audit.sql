-- The audit log: entries for ever; what they commit to in side tables that may be erased. Ids and names that are compared or
-- sorted are in the "C" collation: byte by byte, as SQLite does, whatever language the database was made for.

-- What a trigger says when it refuses.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', TG_ARGV[0];
END;
$$;

-- One row: which log this is, and the index of the next entry. Updated in the transaction that appends, so that
-- there is no gap and no fork.
CREATE TABLE audit_head (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  origin TEXT NOT NULL,
  next_index BIGINT NOT NULL CHECK (next_index >= 0)
);

-- `leaf` holds the exact bytes that were hashed. The columns for searching are taken from it as it is stored, whatever the
-- statement says, so they cannot say anything else.
CREATE TABLE audit_entry (
  entry_index BIGINT PRIMARY KEY CHECK (entry_index >= 0),
  leaf BYTEA NOT NULL CHECK (length(leaf) BETWEEN 1 AND 65535),
  leaf_hash BYTEA NOT NULL CHECK (length(leaf_hash) = 32),
  kind TEXT COLLATE "C",
  session_id TEXT COLLATE "C",
  exchange_id TEXT COLLATE "C"
);

CREATE INDEX audit_entry_by_exchange ON audit_entry (exchange_id, kind) WHERE exchange_id IS NOT NULL;
CREATE INDEX audit_entry_by_session ON audit_entry (session_id, exchange_id) WHERE session_id IS NOT NULL;

-- The keys of the digests in the leaves. Without its key a digest confirms no guess.
CREATE TABLE audit_key (
  key_id TEXT COLLATE "C" PRIMARY KEY,
  mac_key BYTEA CHECK (mac_key IS NULL OR length(mac_key) = 32),
  erased_at BIGINT,
  CHECK ((mac_key IS NULL) = (erased_at IS NOT NULL))
);

CREATE TABLE audit_attachment (
  entry_index BIGINT NOT NULL REFERENCES audit_entry (entry_index),
  role TEXT COLLATE "C" NOT NULL,
  bytes BYTEA,
  erased_at BIGINT,
  PRIMARY KEY (entry_index, role),
  CHECK ((bytes IS NULL) = (erased_at IS NOT NULL))
);

-- Numbered by a trigger: a sequence would leave a gap at every rollback.
CREATE TABLE audit_checkpoint (
  number BIGINT PRIMARY KEY,
  size BIGINT NOT NULL CHECK (size > 0),
  note TEXT NOT NULL,
  signed_at BIGINT NOT NULL
);

-- These prevent mistakes. They do not stop whoever owns the tables: the tree detects that. ALWAYS, since a session could
-- otherwise call itself a replica.
CREATE FUNCTION audit_entry_is_appended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  said CONSTANT jsonb := convert_from(NEW.leaf, 'UTF8')::jsonb;
BEGIN
  IF NEW.entry_index <> (SELECT coalesce(max(entry_index) + 1, 0) FROM audit_entry) THEN
    RAISE EXCEPTION 'audit entries are appended without gaps';
  END IF;
  NEW.kind := said ->> 'kind';
  NEW.session_id := said ->> 'session';
  NEW.exchange_id := said ->> 'exchange';
  RETURN NEW;
END;
$$;
CREATE TRIGGER audit_entry_is_appended BEFORE INSERT ON audit_entry
FOR EACH ROW EXECUTE FUNCTION audit_entry_is_appended();
CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION refuse('audit entries are never changed');
CREATE TRIGGER audit_entry_is_never_deleted BEFORE DELETE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION refuse('audit entries are never deleted');
CREATE TRIGGER audit_entry_is_never_emptied BEFORE TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse('audit entries are never deleted');

CREATE FUNCTION audit_checkpoint_never_shrinks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  newest audit_checkpoint;
BEGIN
  SELECT * INTO newest FROM audit_checkpoint ORDER BY number DESC LIMIT 1;
  IF NEW.size < newest.size THEN
    RAISE EXCEPTION 'checkpoints never shrink';
  END IF;
  NEW.number := coalesce(newest.number, 0) + 1;
  RETURN NEW;
END;
$$;
CREATE TRIGGER audit_checkpoint_never_shrinks BEFORE INSERT ON audit_checkpoint
FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_never_shrinks();
CREATE TRIGGER audit_checkpoint_is_never_changed BEFORE UPDATE ON audit_checkpoint
FOR EACH ROW EXECUTE FUNCTION refuse('checkpoints are never changed');
CREATE TRIGGER audit_checkpoint_is_never_deleted BEFORE DELETE ON audit_checkpoint
FOR EACH ROW EXECUTE FUNCTION refuse('checkpoints are never deleted');
CREATE TRIGGER audit_checkpoint_is_never_emptied BEFORE TRUNCATE ON audit_checkpoint
FOR EACH STATEMENT EXECUTE FUNCTION refuse('checkpoints are never deleted');

CREATE TRIGGER audit_head_never_goes_back BEFORE UPDATE ON audit_head
FOR EACH ROW WHEN (NEW.next_index < OLD.next_index OR NEW.origin <> OLD.origin)
EXECUTE FUNCTION refuse('the log never goes back and never changes its origin');
CREATE TRIGGER audit_head_is_never_deleted BEFORE DELETE ON audit_head
FOR EACH ROW EXECUTE FUNCTION refuse('the head of the log is never deleted');
CREATE TRIGGER audit_head_is_never_emptied BEFORE TRUNCATE ON audit_head
FOR EACH STATEMENT EXECUTE FUNCTION refuse('the head of the log is never deleted');

ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_appended;
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_never_changed;
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_never_deleted;
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_never_emptied;
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_never_shrinks;
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_is_never_changed;
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_is_never_deleted;
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_is_never_emptied;
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_never_goes_back;
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_is_never_deleted;
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_is_never_emptied;
