-- When a session's own agent ended it, before its time: its end then. A stop still reaches what it asked people for.
ALTER TABLE session ADD COLUMN ended_at BIGINT;
