-- Finding entries. What entries say themselves is taken from the leaf; what their attachments and sessions say of people and
-- resources is copied to a table of its own, since it can be erased. Each index ends in time, so that a page costs the same
-- however long the log is. No PostgreSQL has entries from before this migration, so there is nothing to catch up with.

ALTER TABLE audit_entry
  ADD COLUMN t TEXT COLLATE "C",
  ADD COLUMN operation TEXT COLLATE "C",
  ADD COLUMN class TEXT COLLATE "C",
  ADD COLUMN decision TEXT COLLATE "C",
  ADD COLUMN status BIGINT;

CREATE OR REPLACE FUNCTION audit_entry_is_appended() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  said CONSTANT jsonb := convert_from(NEW.leaf, 'UTF8')::jsonb;
BEGIN
  IF NEW.entry_index <> (SELECT coalesce(max(entry_index) + 1, 0) FROM audit_entry) THEN
    RAISE EXCEPTION 'audit entries are appended without gaps';
  END IF;
  NEW.kind := said ->> 'kind';
  NEW.session_id := said ->> 'session';
  NEW.exchange_id := said ->> 'exchange';
  NEW.t := said ->> 't';
  NEW.operation := said ->> 'operation';
  NEW.class := said ->> 'class';
  NEW.decision := said ->> 'decision';
  NEW.status := said ->> 'status';
  RETURN NEW;
END;
$$;

CREATE INDEX audit_entry_by_time ON audit_entry (t, entry_index);
CREATE INDEX audit_entry_by_kind ON audit_entry (kind, t, entry_index);
CREATE INDEX audit_entry_by_session_time ON audit_entry (session_id, t, entry_index) WHERE session_id IS NOT NULL;
CREATE INDEX audit_entry_by_operation ON audit_entry (operation, t, entry_index) WHERE operation IS NOT NULL;
CREATE INDEX audit_entry_by_class ON audit_entry (class, t, entry_index) WHERE class IS NOT NULL;
CREATE INDEX audit_entry_by_decision ON audit_entry (decision, t, entry_index) WHERE decision IS NOT NULL;
CREATE INDEX audit_entry_by_status ON audit_entry (status, t, entry_index) WHERE status IS NOT NULL;

CREATE TABLE audit_about (
  entry_index BIGINT PRIMARY KEY REFERENCES audit_entry (entry_index),
  t TEXT COLLATE "C" NOT NULL,
  -- Lower case: e-mail address, or the identity provider's subject where there is none.
  principal TEXT COLLATE "C",
  agent TEXT COLLATE "C",
  resource TEXT COLLATE "C"
);

CREATE INDEX audit_about_by_principal ON audit_about (principal, t, entry_index) WHERE principal IS NOT NULL;
CREATE INDEX audit_about_by_agent ON audit_about (agent, t, entry_index) WHERE agent IS NOT NULL;
CREATE INDEX audit_about_by_resource ON audit_about (resource, t, entry_index) WHERE resource IS NOT NULL;
