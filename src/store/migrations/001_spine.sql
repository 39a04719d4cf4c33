-- Times are integer milliseconds since the epoch. Owner 0 is the server itself.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE client (
  owner      INTEGER PRIMARY KEY CHECK (owner > 0),
  id         TEXT    NOT NULL UNIQUE,
  name       TEXT    NOT NULL,
  instance   TEXT    NOT NULL UNIQUE,
  machine_id TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  revoked    INTEGER NOT NULL DEFAULT 0,
  labels     TEXT    NOT NULL DEFAULT '{}'
) STRICT;

CREATE TABLE enrolment_token (
  id          TEXT    PRIMARY KEY,
  secret_hash TEXT    NOT NULL,
  expires_at  INTEGER NOT NULL,
  uses_left   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- token and csr_hash name the request that the certificate answered: asking again gives the same answer.
CREATE TABLE certificate (
  fingerprint TEXT    PRIMARY KEY,
  owner       INTEGER NOT NULL REFERENCES client (owner),
  pem         TEXT    NOT NULL,
  not_after   INTEGER NOT NULL,
  revoked     INTEGER NOT NULL DEFAULT 0,
  token       TEXT    NOT NULL,
  csr_hash    TEXT    NOT NULL,
  UNIQUE (token, csr_hash)
) STRICT;

CREATE TABLE session (
  hash       TEXT    PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- labels: JSON array of name, value, name, value …, names ascending. Uniqueness is kept by the index in memory.
CREATE TABLE series (
  id     INTEGER PRIMARY KEY,
  owner  INTEGER NOT NULL,
  labels TEXT    NOT NULL
) STRICT;

-- series: the ids of its columns, u32 little endian; 0 is a column that is ignored (another owner's series).
CREATE TABLE layout (
  id       INTEGER PRIMARY KEY,
  owner    INTEGER NOT NULL,
  hash     TEXT    NOT NULL,
  exporter TEXT    NOT NULL,
  interval INTEGER NOT NULL,
  series   BLOB    NOT NULL,
  UNIQUE (owner, hash)
) STRICT;

-- sequence: the highest durable one when journal rows were last trimmed; newer ones stand in the journal.
CREATE TABLE stream (
  id       INTEGER PRIMARY KEY,
  owner    INTEGER NOT NULL,
  epoch    TEXT    NOT NULL,
  sequence INTEGER NOT NULL DEFAULT 0,
  received INTEGER NOT NULL DEFAULT 0,
  UNIQUE (owner, epoch)
) STRICT;

-- One row per frame, ids ascending in the order of acceptance. stream 0: written by the server.
CREATE TABLE journal (
  id        INTEGER PRIMARY KEY,
  stream    INTEGER NOT NULL,
  layout    INTEGER NOT NULL,
  sequence  INTEGER NOT NULL,
  timestamp INTEGER NOT NULL,
  received  INTEGER NOT NULL,
  payload   BLOB    NOT NULL
) STRICT;

-- Journal rows of this layout and bucket with id <= through_id are in chunks.
CREATE TABLE sealed (
  layout     INTEGER NOT NULL,
  bucket     INTEGER NOT NULL,
  through_id INTEGER NOT NULL,
  PRIMARY KEY (layout, bucket)
) STRICT, WITHOUT ROWID;

-- key: bucket << 32 | series, where bucket is floor(timestamp / meta.bucket_ms); only SQL touches it, as it may exceed
-- what JavaScript's numbers hold. data: see the chunk format's decision record.
CREATE TABLE chunk (
  key    INTEGER PRIMARY KEY,
  data   BLOB    NOT NULL,
  bucket INTEGER NOT NULL GENERATED ALWAYS AS (key >> 32) VIRTUAL,
  series INTEGER NOT NULL GENERATED ALWAYS AS (key & 4294967295) VIRTUAL
) STRICT;
