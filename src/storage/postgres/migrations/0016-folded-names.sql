-- Whose a session or login is, lower case as every engine and the code itself have it: e-mail address, or the identity provider's
-- subject where there is none. SQL does not know how; rows that are there already get theirs at the next start.
ALTER TABLE session ADD COLUMN folded_name TEXT COLLATE "C";
ALTER TABLE login ADD COLUMN folded_name TEXT COLLATE "C";
CREATE INDEX session_unfolded ON session (id) WHERE folded_name IS NULL;
CREATE INDEX login_unfolded ON login (digest) WHERE folded_name IS NULL;
