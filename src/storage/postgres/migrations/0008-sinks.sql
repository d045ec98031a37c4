-- How far each sink has been told. The log itself is the queue: nothing else is kept of what is still to be sent.
CREATE TABLE sink_cursor (
  name TEXT COLLATE "C" PRIMARY KEY,
  next_index BIGINT NOT NULL CHECK (next_index >= 0)
);
