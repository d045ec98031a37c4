-- Finding entries, again: one narrow row for each entry with everything it can be found by, and every index on that table. A question
-- that tests several things reads these rows, and a leaf only for what it lists: so a page costs the same however long the log is,
-- and a leaf that is no JSON any more is listed as unreadable instead of failing whatever reads past it.

CREATE TABLE audit_listing (
  entry_index INTEGER PRIMARY KEY REFERENCES audit_entry (entry_index),
  t TEXT NOT NULL,
  kind TEXT,
  session_id TEXT,
  operation TEXT,
  class TEXT,
  decision TEXT,
  status INTEGER,
  -- Of people and resources, and erasable. Lower case: e-mail address, or the identity provider's subject where there is none.
  principal TEXT,
  agent TEXT,
  resource TEXT
) STRICT;

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

CREATE INDEX audit_listing_by_time ON audit_listing (t);
CREATE INDEX audit_listing_by_kind ON audit_listing (kind, t);
CREATE INDEX audit_listing_by_session ON audit_listing (session_id, t) WHERE session_id IS NOT NULL;
CREATE INDEX audit_listing_by_operation ON audit_listing (operation, t) WHERE operation IS NOT NULL;
CREATE INDEX audit_listing_by_class ON audit_listing (class, t) WHERE class IS NOT NULL;
CREATE INDEX audit_listing_by_decision ON audit_listing (decision, t) WHERE decision IS NOT NULL;
CREATE INDEX audit_listing_by_status ON audit_listing (status, t) WHERE status IS NOT NULL;
CREATE INDEX audit_listing_by_principal ON audit_listing (principal, t) WHERE principal IS NOT NULL;
CREATE INDEX audit_listing_by_agent ON audit_listing (agent, t) WHERE agent IS NOT NULL;
CREATE INDEX audit_listing_by_resource ON audit_listing (resource, t) WHERE resource IS NOT NULL;

-- People may be allowed to list their own sessions.
CREATE INDEX session_by_owner ON session (principal_id, started_at DESC);
