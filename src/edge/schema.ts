/** The tables of an edge's file. Changes come with another FORMAT, and what brings a file of the one before to it. */
export const FORMAT = 1;

export const SCHEMA = `
  CREATE TABLE edge (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    format   INTEGER NOT NULL,
    id       TEXT NOT NULL,
    -- The last delivery that was settled.
    last     INTEGER NOT NULL,
    digest   TEXT,
    state    TEXT NOT NULL,
    must_ask INTEGER NOT NULL,
    began_at INTEGER NOT NULL
  ) STRICT;

  -- What waits: of each counter and minute one row, but for increments with a key.
  CREATE TABLE items (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    name   TEXT NOT NULL,
    -- Minutes since 1970, by the clock of this machine.
    minute INTEGER NOT NULL,
    by     INTEGER NOT NULL,
    -- Increments in it.
    count  INTEGER NOT NULL,
    key    TEXT,
    -- Whether more may be added.
    open   INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX items_open ON items (name, minute) WHERE open = 1;

  -- What waits or is under way, of each counter.
  CREATE TABLE pending (
    name  TEXT PRIMARY KEY,
    sum   INTEGER NOT NULL,
    count INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What upstream said of each counter last.
  CREATE TABLE heard (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL,
    at    INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- As they are sent, compressed; settled ones are kept for a while.
  CREATE TABLE deliveries (
    first      INTEGER PRIMARY KEY,
    last       INTEGER NOT NULL UNIQUE,
    digest     TEXT NOT NULL,
    body       BLOB NOT NULL,
    -- How many increments each item stands for, JSON.
    counts     TEXT NOT NULL,
    settled_at INTEGER,
    -- Sent once more, since upstream was restored: what it brings is not pending any more.
    is_again   INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX deliveries_unsettled ON deliveries (first) WHERE settled_at IS NULL;

  CREATE TABLE refused (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Its number among all that was delivered; 0: that was under another identity.
    number INTEGER NOT NULL,
    name   TEXT NOT NULL,
    minute INTEGER NOT NULL,
    by     INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    key    TEXT,
    status INTEGER NOT NULL,
    code   TEXT NOT NULL,
    detail TEXT NOT NULL,
    since  INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX refused_number ON refused (number);

  -- Idempotency keys, and what was answered.
  CREATE TABLE keys (
    key         TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    answer      TEXT NOT NULL,
    at          INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX keys_at ON keys (at);`;
