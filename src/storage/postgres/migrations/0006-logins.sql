-- Sign-ins that machines keep so that agents there can open sessions. The token itself is not here, only its digest.
CREATE TABLE login (
  digest TEXT COLLATE "C" PRIMARY KEY,
  principal_id TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  email TEXT,
  groups TEXT NOT NULL CHECK (groups::json IS NOT NULL),
  machine TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE INDEX login_by_principal ON login (principal_id) WHERE revoked_at IS NULL;
