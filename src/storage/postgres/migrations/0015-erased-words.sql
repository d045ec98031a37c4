-- Why people voted as they did goes with the session's erasure, as what they voted on does; who voted, how and when stays.
DROP TRIGGER approval_vote_is_never_changed ON approval_vote;
CREATE FUNCTION approval_vote_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.reason IS NULL
    AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason'
    AND EXISTS (
      SELECT 1 FROM approval_request AS request JOIN audit_data_key AS data_key ON data_key.key_id = request.session_id
      WHERE request.id = OLD.request_id AND data_key.erased_at IS NOT NULL
    ) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'votes are never changed';
END;
$$;
CREATE TRIGGER approval_vote_is_never_changed BEFORE UPDATE ON approval_vote
FOR EACH ROW EXECUTE FUNCTION approval_vote_is_never_changed();
ALTER TABLE approval_vote ENABLE ALWAYS TRIGGER approval_vote_is_never_changed;

-- What earlier erasures left: reasons, and the name of the agent, which entries that were appended later had put back into lists.
UPDATE approval_vote SET reason = NULL
WHERE reason IS NOT NULL AND request_id IN (
  SELECT request.id FROM approval_request AS request JOIN audit_data_key AS data_key ON data_key.key_id = request.session_id
  WHERE data_key.erased_at IS NOT NULL
);
UPDATE audit_listing SET agent = NULL
WHERE session_id IN (SELECT key_id FROM audit_data_key WHERE erased_at IS NOT NULL)
  AND agent = (SELECT session.agent FROM session WHERE session.id = audit_listing.session_id);
UPDATE approval_request SET agent = 'erased'
WHERE session_id IN (SELECT key_id FROM audit_data_key WHERE erased_at IS NOT NULL);
UPDATE session SET agent = 'erased'
WHERE id IN (SELECT key_id FROM audit_data_key WHERE erased_at IS NOT NULL);
