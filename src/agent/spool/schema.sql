CREATE TABLE state (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  epoch TEXT NOT NULL,           -- 16 random bytes in hex, chosen when the file was made
  reserved INTEGER NOT NULL,     -- no sequence up to this one is ever given out again
  overwritten INTEGER NOT NULL   -- frames that were lost because the ring was full
) STRICT;

CREATE TABLE layouts (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  json TEXT NOT NULL
) STRICT;

CREATE TABLE frames (
  sequence INTEGER PRIMARY KEY,
  layout INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  checksum INTEGER NOT NULL,     -- CRC-32 of the payload
  payload BLOB NOT NULL
) STRICT;

PRAGMA user_version = 1;
