-- How far each sink has been told. The log itself is the queue: nothing else is kept of what is still to be sent.
CREATE TABLE sink_cursor (
  name TEXT PRIMARY KEY,
  next_index INTEGER NOT NULL CHECK (next_index >= 0)
) STRICT, WITHOUT ROWID;
