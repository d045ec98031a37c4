-- The audit log: entries for ever; what they commit to in side tables that may be erased.

-- One row: which log this is, and the index of the next entry. Updated in the transaction that appends, so that
-- there is no gap and no fork.
CREATE TABLE audit_head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  origin TEXT NOT NULL,
  next_index INTEGER NOT NULL CHECK (next_index >= 0)
) STRICT;

-- `leaf` holds the exact bytes that were hashed. The columns for searching are computed from it, so they cannot
-- say anything else.
CREATE TABLE audit_entry (
  entry_index INTEGER PRIMARY KEY CHECK (entry_index >= 0),
  leaf BLOB NOT NULL CHECK (length(leaf) BETWEEN 1 AND 65535),
  leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
  kind TEXT GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.kind')) VIRTUAL,
  session_id TEXT GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.session')) VIRTUAL,
  exchange_id TEXT GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.exchange')) VIRTUAL
) STRICT;

CREATE INDEX audit_entry_by_exchange ON audit_entry (exchange_id, kind) WHERE exchange_id IS NOT NULL;
CREATE INDEX audit_entry_by_session ON audit_entry (session_id, exchange_id) WHERE session_id IS NOT NULL;

-- The keys of the digests in the leaves. Without its key a digest confirms no guess.
CREATE TABLE audit_key (
  key_id TEXT PRIMARY KEY,
  mac_key BLOB CHECK (mac_key IS NULL OR length(mac_key) = 32),
  erased_at INTEGER,
  CHECK ((mac_key IS NULL) = (erased_at IS NOT NULL))
) STRICT;

CREATE TABLE audit_attachment (
  entry_index INTEGER NOT NULL REFERENCES audit_entry (entry_index),
  role TEXT NOT NULL,
  bytes BLOB,
  erased_at INTEGER,
  PRIMARY KEY (entry_index, role),
  CHECK ((bytes IS NULL) = (erased_at IS NOT NULL))
) STRICT;

CREATE TABLE audit_checkpoint (
  number INTEGER PRIMARY KEY,
  size INTEGER NOT NULL CHECK (size > 0),
  note TEXT NOT NULL,
  signed_at INTEGER NOT NULL
) STRICT;

-- These prevent mistakes. They do not stop whoever owns the file: the tree detects that.
CREATE TRIGGER audit_entry_is_never_changed BEFORE UPDATE ON audit_entry
BEGIN
  SELECT RAISE(ABORT, 'audit entries are never changed');
END;
CREATE TRIGGER audit_entry_is_never_deleted BEFORE DELETE ON audit_entry
BEGIN
  SELECT RAISE(ABORT, 'audit entries are never deleted');
END;
CREATE TRIGGER audit_entry_is_appended BEFORE INSERT ON audit_entry
WHEN new.entry_index <> (SELECT coalesce(max(entry_index) + 1, 0) FROM audit_entry)
BEGIN
  SELECT RAISE(ABORT, 'audit entries are appended without gaps');
END;
CREATE TRIGGER audit_checkpoint_is_never_changed BEFORE UPDATE ON audit_checkpoint
BEGIN
  SELECT RAISE(ABORT, 'checkpoints are never changed');
END;
CREATE TRIGGER audit_checkpoint_is_never_deleted BEFORE DELETE ON audit_checkpoint
BEGIN
  SELECT RAISE(ABORT, 'checkpoints are never deleted');
END;
CREATE TRIGGER audit_checkpoint_never_shrinks BEFORE INSERT ON audit_checkpoint
WHEN new.size < (SELECT coalesce(max(size), 0) FROM (SELECT size FROM audit_checkpoint ORDER BY number DESC LIMIT 1))
BEGIN
  SELECT RAISE(ABORT, 'checkpoints never shrink');
END;
CREATE TRIGGER audit_head_never_goes_back BEFORE UPDATE ON audit_head
WHEN new.next_index < old.next_index OR new.origin <> old.origin
BEGIN
  SELECT RAISE(ABORT, 'the log never goes back and never changes its origin');
END;
CREATE TRIGGER audit_head_is_never_deleted BEFORE DELETE ON audit_head
BEGIN
  SELECT RAISE(ABORT, 'the head of the log is never deleted');
END;
