-- The tables that every hub has. Times are microseconds since 1970; states and operations are the numbers of
-- syncline.model. Rows that are rare carry their stream as two words; links and entities have tables of their own.

CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL);

CREATE TABLE counter (name TEXT PRIMARY KEY, taken INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE merged (
  entity TEXT, eid INTEGER, survivor INTEGER NOT NULL, PRIMARY KEY (entity, eid)
) WITHOUT ROWID;

CREATE TABLE cursor (
  system TEXT, entity TEXT, stamp INTEGER, token TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (system, entity)
) WITHOUT ROWID;

CREATE TABLE hint (
  system TEXT, entity TEXT, key TEXT, reason TEXT NOT NULL, due INTEGER NOT NULL, at INTEGER NOT NULL,
  tries INTEGER NOT NULL, PRIMARY KEY (system, entity, key)
) WITHOUT ROWID;
CREATE INDEX hint_due ON hint (due);
CREATE INDEX hint_due_of ON hint (system, entity, due);

CREATE TABLE intent (
  iid INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL, entity TEXT NOT NULL, op INTEGER NOT NULL,
  state INTEGER NOT NULL, eids BLOB NOT NULL, cause INTEGER NOT NULL, priority INTEGER NOT NULL, body BLOB,
  sent_at INTEGER NOT NULL, doubt_until INTEGER NOT NULL, result BLOB
);
CREATE INDEX intent_open ON intent (state) WHERE state < 3;

CREATE TABLE unsettled (
  system TEXT, entity TEXT, eid INTEGER, state INTEGER NOT NULL, op INTEGER NOT NULL, pending BLOB,
  due INTEGER NOT NULL, since INTEGER NOT NULL, tries INTEGER NOT NULL, message TEXT NOT NULL, run INTEGER NOT NULL,
  PRIMARY KEY (system, entity, eid)
) WITHOUT ROWID;
CREATE INDEX unsettled_due ON unsettled (state, due);

CREATE TABLE conflict (
  cid INTEGER PRIMARY KEY AUTOINCREMENT, entity TEXT NOT NULL, eid INTEGER NOT NULL, field TEXT NOT NULL,
  state INTEGER NOT NULL, rule TEXT NOT NULL, system TEXT NOT NULL, theirs BLOB NOT NULL, ours BLOB NOT NULL,
  base BLOB NOT NULL, kept TEXT NOT NULL, at INTEGER NOT NULL, run INTEGER NOT NULL, who TEXT NOT NULL
);
CREATE UNIQUE INDEX conflict_open ON conflict (entity, eid, field) WHERE state = 1;
CREATE INDEX conflict_state ON conflict (state);

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, system TEXT NOT NULL, cause INTEGER NOT NULL,
  n INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL
);
CREATE INDEX audit_cause ON audit (cause);

CREATE TABLE alias (
  system TEXT, entity TEXT, key TEXT, successor TEXT NOT NULL, PRIMARY KEY (system, entity, key)
) WITHOUT ROWID;

CREATE TABLE tomb (
  system TEXT, entity TEXT, key TEXT, eid INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (system, entity, key)
) WITHOUT ROWID;

CREATE TABLE document (kind TEXT, name TEXT, body BLOB NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
