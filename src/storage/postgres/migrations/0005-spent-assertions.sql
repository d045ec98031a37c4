-- SAML assertions that have counted, so that none counts twice. By digest: nothing here names anybody.
CREATE TABLE spent_assertion (
  digest TEXT COLLATE "C" PRIMARY KEY,
  counts_until BIGINT NOT NULL
);

CREATE INDEX spent_assertion_by_end ON spent_assertion (counts_until);
