-- Whose a session or login is, lower case as every engine and the code itself have it: e-mail address, or the identity provider's
-- subject where there is none. SQL does not know how; rows that are there already get theirs at the next start.
ALTER TABLE session ADD COLUMN folded_name TEXT;
ALTER TABLE login ADD COLUMN folded_name TEXT;
CREATE INDEX session_unfolded ON session (id) WHERE folded_name IS NULL;
CREATE INDEX login_unfolded ON login (digest) WHERE folded_name IS NULL;

-- Names in holds, as names are kept: where U+0000 stands, SQLite thinks that a text ends, and such a hold found nothing.
DROP TRIGGER audit_hold_is_only_released;
UPDATE audit_hold SET principal = (
  WITH RECURSIVE part (done, rest) AS (
    SELECT '', CAST(audit_hold.principal AS BLOB)
    UNION ALL
    SELECT
      done || CAST(substr(rest, 1, instr(rest, x'00') - 1) AS TEXT) || char(0xfffd), substr(rest, instr(rest, x'00') + 1)
    FROM part WHERE instr(rest, x'00') > 0
  )
  SELECT done || CAST(rest AS TEXT) FROM part WHERE instr(rest, x'00') = 0
) WHERE instr(CAST(principal AS BLOB), x'00') > 0;
UPDATE audit_hold SET agent = (
  WITH RECURSIVE part (done, rest) AS (
    SELECT '', CAST(audit_hold.agent AS BLOB)
    UNION ALL
    SELECT
      done || CAST(substr(rest, 1, instr(rest, x'00') - 1) AS TEXT) || char(0xfffd), substr(rest, instr(rest, x'00') + 1)
    FROM part WHERE instr(rest, x'00') > 0
  )
  SELECT done || CAST(rest AS TEXT) FROM part WHERE instr(rest, x'00') = 0
) WHERE instr(CAST(agent AS BLOB), x'00') > 0;
UPDATE audit_hold SET resource = (
  WITH RECURSIVE part (done, rest) AS (
    SELECT '', CAST(audit_hold.resource AS BLOB)
    UNION ALL
    SELECT
      done || CAST(substr(rest, 1, instr(rest, x'00') - 1) AS TEXT) || char(0xfffd), substr(rest, instr(rest, x'00') + 1)
    FROM part WHERE instr(rest, x'00') > 0
  )
  SELECT done || CAST(rest AS TEXT) FROM part WHERE instr(rest, x'00') = 0
) WHERE instr(CAST(resource AS BLOB), x'00') > 0;
CREATE TRIGGER audit_hold_is_only_released BEFORE UPDATE ON audit_hold
WHEN old.released_at IS NOT NULL OR new.released_at IS NULL
BEGIN
  SELECT RAISE(ABORT, 'a hold changes by its release, once');
END;
