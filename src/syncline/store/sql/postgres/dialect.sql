-- What PostgreSQL says in its own way. The tables of types and streams are made here; to a reader of a store that has
-- none yet, empty ones are shown. A page larger than a few rows comes by COPY: straight into its table, or into a
-- staging table from where it is merged.

-- name: has_table
-- Is there such a table?
SELECT 1 FROM pg_class WHERE relkind = 'r' AND relname = ? AND pg_table_is_visible(oid)

-- name: any_table
-- Is there any table in the schema?
SELECT 1 FROM pg_tables WHERE schemaname = current_schema() LIMIT 1

-- name: has_schema
-- Is there such a schema?
SELECT 1 FROM pg_namespace WHERE nspname = ?

-- name: take_lock
-- Keep other hubs out of this schema for as long as the session lasts.
SELECT pg_advisory_lock(?, ?)

-- name: lock_holder
-- Who has the lock; every hub gives its process as the name of its application.
SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = CAST(? AS oid) AND objid = CAST(? AS oid)
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())

-- name: wind_intents
-- Go on after the highest number: a database made from a template hands numbers out again after its server crashed.
SELECT setval('intent_iid_seq', top) FROM (SELECT max(iid) AS top FROM intent) AS kept, intent_iid_seq
WHERE top > last_value

-- name: wind_conflicts
-- The same for conflicts.
SELECT setval('conflict_cid_seq', top) FROM (SELECT max(cid) AS top FROM conflict) AS kept, conflict_cid_seq
WHERE top > last_value

-- name: make_staging
-- Where the pages to be merged arrive, emptied at the end of every transaction.
CREATE TEMP TABLE staged_entity (state smallint, gen bigint, canon bytea, gens bytea, eid bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE staged_match (rule bigint, hash bigint, eid bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE staged_touch (fingerprint bytea, version text, stamp bigint, eid bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE staged_link (
  state smallint, fingerprint bytea, version text, delta bytea, born bigint, stamp bigint, eid bigint
) ON COMMIT DELETE ROWS

-- name: make_entity
-- Canon, one row per entity.
CREATE TABLE {entity} (
  eid bigint PRIMARY KEY, state smallint NOT NULL, gen bigint NOT NULL, canon bytea NOT NULL, gens bytea
)

-- name: make_match
-- Match keys of a type's entities.
CREATE TABLE {match} (rule bigint, hash bigint, eid bigint, PRIMARY KEY (rule, hash, eid))

-- name: index_match
-- To forget an entity's match keys.
CREATE INDEX {match_eid} ON {match} (eid)

-- name: make_link
-- One row per record that is linked.
CREATE TABLE {link} (
  eid bigint PRIMARY KEY, key text COLLATE "C" NOT NULL UNIQUE, state smallint NOT NULL, fingerprint bytea, version text,
  delta bytea, born bigint NOT NULL, stamp bigint NOT NULL
)

-- name: index_link
-- The few links that differ from canon.
CREATE INDEX {link_delta} ON {link} (eid) WHERE delta IS NOT NULL

-- name: show_entity
-- No entities.
CREATE TEMP TABLE {entity} (eid bigint, state smallint, gen bigint, canon bytea, gens bytea)

-- name: show_match
-- No match keys.
CREATE TEMP TABLE {match} (rule bigint, hash bigint, eid bigint)

-- name: show_link
-- No links.
CREATE TEMP TABLE {link} (
  eid bigint, key text, state smallint, fingerprint bytea, version text, delta bytea, born bigint, stamp bigint
)

-- name: copy_insert_entities
-- New entities need no merging.
COPY {entity} (eid, state, gen, canon, gens) FROM STDIN (FORMAT BINARY)

-- name: copy_insert_links
-- New links need no merging; the unique key and eid refuse a double.
COPY {link} (eid, key, state, fingerprint, version, delta, born, stamp) FROM STDIN (FORMAT BINARY)

-- name: copy_update_entities
-- To be merged.
COPY staged_entity FROM STDIN (FORMAT BINARY)

-- name: merge_update_entities
-- Replace everything but the eid.
UPDATE {entity} AS old SET state = new.state, gen = new.gen, canon = new.canon, gens = new.gens
FROM staged_entity AS new WHERE old.eid = new.eid

-- name: clear_update_entities
-- Ready for the next page of the same transaction.
DELETE FROM staged_entity

-- name: copy_update_links
-- To be merged.
COPY staged_link FROM STDIN (FORMAT BINARY)

-- name: merge_update_links
-- Replace everything but eid and key.
UPDATE {link} AS old SET state = new.state, fingerprint = new.fingerprint, version = new.version,
  delta = new.delta, born = new.born, stamp = new.stamp FROM staged_link AS new WHERE old.eid = new.eid

-- name: clear_update_links
-- Ready for the next page of the same transaction.
DELETE FROM staged_link

-- name: copy_touch_links
-- To be merged.
COPY staged_touch FROM STDIN (FORMAT BINARY)

-- name: merge_touch_links
-- The record was looked at.
UPDATE {link} AS old SET fingerprint = new.fingerprint, version = new.version, stamp = new.stamp
FROM staged_touch AS new WHERE old.eid = new.eid

-- name: clear_touch_links
-- Ready for the next page of the same transaction.
DELETE FROM staged_touch

-- name: copy_put_matching
-- To be merged.
COPY staged_match FROM STDIN (FORMAT BINARY)

-- name: merge_put_matching
-- A match key that exists stands.
INSERT INTO {match} (rule, hash, eid) SELECT rule, hash, eid FROM staged_match ON CONFLICT DO NOTHING

-- name: clear_put_matching
-- Ready for the next page of the same transaction.
DELETE FROM staged_match
