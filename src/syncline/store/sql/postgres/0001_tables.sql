-- The tables that every hub has. Times are microseconds since 1970; states and operations are the numbers of
-- syncline.model. Rows that are rare carry their stream as two words; links and entities have tables of their own.
-- Text is ordered by its bytes, as elsewhere.

CREATE TABLE migration (number bigint PRIMARY KEY, name text COLLATE "C" NOT NULL);

CREATE TABLE counter (name text COLLATE "C" PRIMARY KEY, taken bigint NOT NULL);

CREATE TABLE merged (
  entity text COLLATE "C", eid bigint, survivor bigint NOT NULL, PRIMARY KEY (entity, eid)
);

CREATE TABLE cursor (
  system text COLLATE "C", entity text COLLATE "C", stamp bigint, token text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL, PRIMARY KEY (system, entity)
);

CREATE TABLE hint (
  system text COLLATE "C", entity text COLLATE "C", key text COLLATE "C", reason text COLLATE "C" NOT NULL,
  due bigint NOT NULL, at bigint NOT NULL,
  tries integer NOT NULL, PRIMARY KEY (system, entity, key)
);
CREATE INDEX hint_due ON hint (due);
CREATE INDEX hint_due_of ON hint (system, entity, due);

CREATE TABLE intent (
  iid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, system text COLLATE "C" NOT NULL,
  entity text COLLATE "C" NOT NULL, op smallint NOT NULL,
  state smallint NOT NULL, eids bytea NOT NULL, cause bigint NOT NULL, priority smallint NOT NULL, body bytea,
  sent_at bigint NOT NULL, doubt_until bigint NOT NULL, result bytea
);
CREATE INDEX intent_open ON intent (state) WHERE state < 3;

CREATE TABLE unsettled (
  system text COLLATE "C", entity text COLLATE "C", eid bigint, state smallint NOT NULL, op smallint NOT NULL,
  pending bytea,
  due bigint NOT NULL, since bigint NOT NULL, tries integer NOT NULL, message text COLLATE "C" NOT NULL,
  run bigint NOT NULL,
  PRIMARY KEY (system, entity, eid)
);
CREATE INDEX unsettled_due ON unsettled (state, due);

CREATE TABLE conflict (
  cid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entity text COLLATE "C" NOT NULL, eid bigint NOT NULL,
  field text COLLATE "C" NOT NULL,
  state smallint NOT NULL, rule text COLLATE "C" NOT NULL, system text COLLATE "C" NOT NULL, theirs bytea NOT NULL,
  ours bytea NOT NULL,
  base bytea NOT NULL, kept text COLLATE "C" NOT NULL, at bigint NOT NULL, run bigint NOT NULL,
  who text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX conflict_open ON conflict (entity, eid, field) WHERE state = 1;
CREATE INDEX conflict_state ON conflict (state);

CREATE TABLE audit (
  seq bigint PRIMARY KEY, at bigint NOT NULL, kind text COLLATE "C" NOT NULL, system text COLLATE "C" NOT NULL,
  cause bigint NOT NULL,
  n bigint NOT NULL, hash bytea NOT NULL, body bytea NOT NULL
);
CREATE INDEX audit_cause ON audit (cause);

CREATE TABLE alias (
  system text COLLATE "C", entity text COLLATE "C", key text COLLATE "C", successor text COLLATE "C" NOT NULL,
  PRIMARY KEY (system, entity, key)
);

CREATE TABLE tomb (
  system text COLLATE "C", entity text COLLATE "C", key text COLLATE "C", eid bigint NOT NULL,
  reason text COLLATE "C" NOT NULL, at bigint NOT NULL,
  PRIMARY KEY (system, entity, key)
);

CREATE TABLE document (kind text COLLATE "C", name text COLLATE "C", body bytea NOT NULL, PRIMARY KEY (kind, name));
