-- An approval is bound to what its connection was, and a withdrawn one says why. What was asked before this is bound to
-- nothing that is known: it is withdrawn.
ALTER TABLE approval_request ADD COLUMN connection_version TEXT NOT NULL DEFAULT '';
ALTER TABLE approval_request ADD COLUMN withdrawn_because TEXT;

CREATE TRIGGER approval_request_keeps_its_connection
BEFORE UPDATE OF connection, connection_version ON approval_request
FOR EACH ROW EXECUTE FUNCTION refuse('what was reviewed is never changed');
ALTER TABLE approval_request ENABLE ALWAYS TRIGGER approval_request_keeps_its_connection;
