-- What others said of our checkpoints: signature lines of witnesses. Nothing here is believed without being checked again.
CREATE TABLE audit_cosignature (
  size INTEGER NOT NULL CHECK (size > 0),
  -- The cosigner's verifier key.
  cosigner TEXT NOT NULL,
  line TEXT NOT NULL,
  cosigned_at INTEGER NOT NULL,
  PRIMARY KEY (cosigner, size)
) STRICT;

CREATE INDEX audit_cosignature_by_size ON audit_cosignature (size);

-- How much of the log lies in a write-once bucket, by the bucket's address.
CREATE TABLE audit_archive (
  place TEXT PRIMARY KEY,
  size INTEGER NOT NULL CHECK (size > 0),
  archived_at INTEGER NOT NULL
) STRICT;
