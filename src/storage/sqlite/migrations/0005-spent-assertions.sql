-- SAML assertions that have counted, so that none counts twice. By digest: nothing here names anybody.
CREATE TABLE spent_assertion (
  digest TEXT PRIMARY KEY,
  counts_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_assertion_by_end ON spent_assertion (counts_until);
