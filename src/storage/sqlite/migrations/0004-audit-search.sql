-- Finding entries. What entries say themselves is computed from the leaf; what their attachments and sessions say of
-- people and resources is copied to a table of its own, since it can be erased. Each index ends in time, so that a page
-- costs the same however long the log is.

ALTER TABLE audit_entry ADD COLUMN t TEXT GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.t')) VIRTUAL;
ALTER TABLE audit_entry ADD COLUMN operation TEXT GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.operation')) VIRTUAL;
ALTER TABLE audit_entry ADD COLUMN class TEXT GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.class')) VIRTUAL;
ALTER TABLE audit_entry ADD COLUMN decision TEXT GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.decision')) VIRTUAL;
ALTER TABLE audit_entry ADD COLUMN status INTEGER GENERATED ALWAYS AS (json_extract(CAST(leaf AS TEXT), '$.status')) VIRTUAL;

CREATE INDEX audit_entry_by_time ON audit_entry (t);
CREATE INDEX audit_entry_by_kind ON audit_entry (kind, t);
CREATE INDEX audit_entry_by_session_time ON audit_entry (session_id, t) WHERE session_id IS NOT NULL;
CREATE INDEX audit_entry_by_operation ON audit_entry (operation, t) WHERE operation IS NOT NULL;
CREATE INDEX audit_entry_by_class ON audit_entry (class, t) WHERE class IS NOT NULL;
CREATE INDEX audit_entry_by_decision ON audit_entry (decision, t) WHERE decision IS NOT NULL;
CREATE INDEX audit_entry_by_status ON audit_entry (status, t) WHERE status IS NOT NULL;

CREATE TABLE audit_about (
  entry_index INTEGER PRIMARY KEY REFERENCES audit_entry (entry_index),
  t TEXT NOT NULL,
  -- Lower case: e-mail address, or the identity provider's subject where there is none.
  principal TEXT,
  agent TEXT,
  resource TEXT
) STRICT;

CREATE INDEX audit_about_by_principal ON audit_about (principal, t) WHERE principal IS NOT NULL;
CREATE INDEX audit_about_by_agent ON audit_about (agent, t) WHERE agent IS NOT NULL;
CREATE INDEX audit_about_by_resource ON audit_about (resource, t) WHERE resource IS NOT NULL;

-- What is on record already. src/audit/about.ts says the same of what comes.
INSERT INTO audit_about (entry_index, t, principal, agent, resource)
SELECT entry_index, t, lower(coalesce(named, session_name)), coalesce(named_agent, session_agent), named_resource
FROM (
  SELECT
    entry.entry_index,
    coalesce(entry.t, '') AS t,
    coalesce(
      detail ->> '$.principal.email', detail ->> '$.principal.subject',
      iif(json_type(detail, '$.principal') = 'text', detail ->> '$.principal', NULL),
      detail ->> '$.email', detail ->> '$.subject', detail ->> '$.by',
      -- A vote is whose vote it is: the last of those it lists.
      iif(entry.kind = 'approval.vote', detail ->> '$.votes[#-1].approver', NULL),
      detail ->> '$.requester'
    ) AS named,
    detail ->> '$.agent' AS named_agent,
    nullif(detail ->> '$.resource', '') AS named_resource,
    coalesce(session.email, session.subject) AS session_name,
    session.agent AS session_agent
  FROM audit_entry AS entry
  LEFT JOIN (
    SELECT entry_index, CAST(bytes AS TEXT) AS detail FROM audit_attachment
    WHERE role = 'detail' AND bytes IS NOT NULL AND json_valid(CAST(bytes AS TEXT))
  ) AS kept ON kept.entry_index = entry.entry_index
  LEFT JOIN session ON session.id = entry.session_id
)
WHERE coalesce(named, session_name, named_agent, session_agent, named_resource) IS NOT NULL;
