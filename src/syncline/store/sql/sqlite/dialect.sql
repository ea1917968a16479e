-- What SQLite says in its own way. The tables of types and streams are made here; to a reader of a store
-- that has none yet, empty ones are shown.

-- name: has_table
-- Is there such a table?
SELECT 1 FROM (SELECT type, name FROM sqlite_schema UNION ALL SELECT type, name FROM sqlite_temp_schema)
WHERE type = 'table' AND name = ?

-- name: make_entity
-- Canon, one row per entity.
CREATE TABLE {entity} (
  eid INTEGER PRIMARY KEY, state INTEGER NOT NULL, gen INTEGER NOT NULL, canon BLOB NOT NULL, gens BLOB
)

-- name: make_match
-- Match keys of a type's entities.
CREATE TABLE {match} (
  rule INTEGER, hash INTEGER, eid INTEGER, PRIMARY KEY (rule, hash, eid)
) WITHOUT ROWID

-- name: index_match
-- To forget an entity's match keys.
CREATE INDEX {match_eid} ON {match} (eid)

-- name: make_link
-- One row per record that is linked.
CREATE TABLE {link} (
  eid INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, state INTEGER NOT NULL, fingerprint BLOB, version TEXT, delta BLOB,
  born INTEGER NOT NULL, stamp INTEGER NOT NULL
)

-- name: index_link
-- The few links that differ from canon.
CREATE INDEX {link_delta} ON {link} (eid) WHERE delta IS NOT NULL

-- name: show_entity
-- No entities.
CREATE TEMP TABLE {entity} (eid, state, gen, canon, gens)

-- name: show_match
-- No match keys.
CREATE TEMP TABLE {match} (rule, hash, eid)

-- name: show_link
-- No links.
CREATE TEMP TABLE {link} (eid, key, state, fingerprint, version, delta, born, stamp)
