-- Finding entries, again: one narrow row for each entry with everything it can be found by, and every index on that table, as in
-- SQLite. A question that tests several things asks their indexes, and reads rows and leaves only of what it lists.

CREATE TABLE audit_listing (
  entry_index BIGINT PRIMARY KEY REFERENCES audit_entry (entry_index),
  t TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C",
  session_id TEXT COLLATE "C",
  operation TEXT COLLATE "C",
  class TEXT COLLATE "C",
  decision TEXT COLLATE "C",
  status BIGINT,
  -- Of people and resources, and erasable. Lower case: e-mail address, or the identity provider's subject where there is none.
  principal TEXT COLLATE "C",
  agent TEXT COLLATE "C",
  resource TEXT COLLATE "C"
);

INSERT INTO audit_listing (entry_index, t, kind, session_id, operation, class, decision, status, principal, agent, resource)
SELECT
  entry.entry_index, coalesce(entry.t, ''), entry.kind, entry.session_id, entry.operation, entry.class, entry.decision, entry.status,
  about.principal, about.agent, about.resource
FROM audit_entry AS entry
LEFT JOIN audit_about AS about ON about.entry_index = entry.entry_index
ORDER BY entry.entry_index;

DROP TABLE audit_about;
DROP INDEX audit_entry_by_time;
DROP INDEX audit_entry_by_kind;
DROP INDEX audit_entry_by_session_time;
DROP INDEX audit_entry_by_operation;
DROP INDEX audit_entry_by_class;
DROP INDEX audit_entry_by_decision;
DROP INDEX audit_entry_by_status;

CREATE INDEX audit_listing_by_time ON audit_listing (t, entry_index);
CREATE INDEX audit_listing_by_kind ON audit_listing (kind, t, entry_index);
CREATE INDEX audit_listing_by_session ON audit_listing (session_id, t, entry_index) WHERE session_id IS NOT NULL;
CREATE INDEX audit_listing_by_operation ON audit_listing (operation, t, entry_index) WHERE operation IS NOT NULL;
CREATE INDEX audit_listing_by_class ON audit_listing (class, t, entry_index) WHERE class IS NOT NULL;
CREATE INDEX audit_listing_by_decision ON audit_listing (decision, t, entry_index) WHERE decision IS NOT NULL;
CREATE INDEX audit_listing_by_status ON audit_listing (status, t, entry_index) WHERE status IS NOT NULL;
CREATE INDEX audit_listing_by_principal ON audit_listing (principal, t, entry_index) WHERE principal IS NOT NULL;
CREATE INDEX audit_listing_by_agent ON audit_listing (agent, t, entry_index) WHERE agent IS NOT NULL;
CREATE INDEX audit_listing_by_resource ON audit_listing (resource, t, entry_index) WHERE resource IS NOT NULL;

-- People may be allowed to list their own sessions.
CREATE INDEX session_by_owner ON session (principal_id, started_at DESC);
