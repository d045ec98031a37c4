-- What others said of our checkpoints: signature lines of witnesses. Nothing here is believed without being checked again.
CREATE TABLE audit_cosignature (
  size BIGINT NOT NULL CHECK (size > 0),
  -- The cosigner's verifier key.
  cosigner TEXT COLLATE "C" NOT NULL,
  line TEXT NOT NULL,
  cosigned_at BIGINT NOT NULL,
  PRIMARY KEY (cosigner, size)
);

CREATE INDEX audit_cosignature_by_size ON audit_cosignature (size);

-- How much of the log lies in a write-once bucket, by the bucket's address.
CREATE TABLE audit_archive (
  place TEXT COLLATE "C" PRIMARY KEY,
  size BIGINT NOT NULL CHECK (size > 0),
  archived_at BIGINT NOT NULL
);
