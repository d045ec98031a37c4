-- Sign-ins that machines keep so that agents there can open sessions. The token itself is not here, only its digest.
CREATE TABLE login (
  digest TEXT PRIMARY KEY,
  principal_id TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  email TEXT,
  groups TEXT NOT NULL CHECK (json_valid(groups)),
  machine TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE INDEX login_by_principal ON login (principal_id) WHERE revoked_at IS NULL;
