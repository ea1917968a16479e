-- What was decided and why: conflicts, audit pages, aliases, tombs and documents.

-- name: conflicts
-- Conflicts of one type or ('') of all, newest first.
SELECT cid, entity, eid, field, state, rule, system, theirs, ours, base, kept, at, run, who FROM conflict
WHERE (? = '' OR entity = ?) ORDER BY cid DESC LIMIT ?

-- name: conflicts_in
-- Conflicts in one state, of one type or ('') of all, newest first.
SELECT cid, entity, eid, field, state, rule, system, theirs, ours, base, kept, at, run, who FROM conflict
WHERE state = ? AND (? = '' OR entity = ?) ORDER BY cid DESC LIMIT ?

-- name: conflict
-- One conflict.
SELECT cid, entity, eid, field, state, rule, system, theirs, ours, base, kept, at, run, who FROM conflict WHERE cid = ?

-- name: frozen
-- Fields with an open conflict; nothing is looked up where the type has none.
SELECT eid, field FROM {integers} CROSS JOIN conflict WHERE entity = ? AND state = 1 AND eid = wanted.value
AND EXISTS (SELECT 1 FROM conflict AS present WHERE present.entity = ? AND present.state = 1)

-- name: replace_open_conflict
-- A newer edit of the same field takes the place of the open conflict, under a new number.
DELETE FROM conflict WHERE entity = ? AND eid = ? AND field = ? AND state = 1

-- name: add_conflicts
-- A new conflict.
INSERT INTO conflict (entity, eid, field, state, rule, system, theirs, ours, base, kept, at, run, who)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: update_conflict
-- Replace everything but the number.
UPDATE conflict SET entity = ?, eid = ?, field = ?, state = ?, rule = ?, system = ?, theirs = ?, ours = ?, base = ?,
  kept = ?, at = ?, run = ?, who = ? WHERE cid = ?

-- name: audit_head
-- The last page, to which the next is chained.
SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1

-- name: append_audit
-- The page of one commit.
INSERT INTO audit (seq, at, kind, system, cause, n, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: audit_pages
-- Pages by number.
SELECT seq, at, kind, system, cause, n, hash, body FROM {integers} CROSS JOIN audit WHERE seq = wanted.value

-- name: audit_log
-- Some pages, ascending.
SELECT seq, at, kind, system, cause, n, hash, body FROM audit WHERE seq > ? ORDER BY seq LIMIT ?

-- name: audit_log_of
-- Some pages of one run, ascending.
SELECT seq, at, kind, system, cause, n, hash, body FROM audit WHERE cause = ? AND seq > ? ORDER BY seq LIMIT ?

-- name: aliases
-- New keys by old key; nothing is looked up where the stream has none.
SELECT key, successor FROM {texts} CROSS JOIN alias WHERE system = ? AND entity = ? AND key = wanted.value
AND EXISTS (SELECT 1 FROM alias AS present WHERE present.system = ? AND present.entity = ?)

-- name: put_aliases
-- The record has a new key.
INSERT INTO alias (system, entity, key, successor) VALUES (?, ?, ?, ?)
ON CONFLICT (system, entity, key) DO UPDATE SET successor = excluded.successor

-- name: tombs
-- Keys that must not come back; nothing is looked up where the stream has none.
SELECT system, entity, key, eid, reason, at FROM {texts} CROSS JOIN tomb
WHERE system = ? AND entity = ? AND key = wanted.value
AND EXISTS (SELECT 1 FROM tomb AS present WHERE present.system = ? AND present.entity = ?)

-- name: put_tombs
-- A key that must not come back.
INSERT INTO tomb (system, entity, key, eid, reason, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (system, entity, key) DO UPDATE SET eid = excluded.eid, reason = excluded.reason, at = excluded.at

-- name: drop_tombs
-- The keys may come back.
DELETE FROM tomb WHERE key IN (SELECT value FROM {texts}) AND system = ? AND entity = ?

-- name: documents
-- Documents of a kind by name.
SELECT name, body FROM {texts} CROSS JOIN document WHERE kind = ? AND name = wanted.value ORDER BY name

-- name: all_documents
-- Every document of a kind.
SELECT name, body FROM document WHERE kind = ? ORDER BY name

-- name: put_documents
-- Insert or replace.
INSERT INTO document (kind, name, body) VALUES (?, ?, ?) ON CONFLICT (kind, name) DO UPDATE SET body = excluded.body

-- name: drop_documents
-- Forget documents.
DELETE FROM document WHERE name IN (SELECT value FROM {texts}) AND kind = ?

-- name: applied_migrations
-- Which migrations the store has seen.
SELECT number FROM migration ORDER BY number

-- name: record_migration
-- The migration was applied, in this transaction.
INSERT INTO migration (number, name) VALUES (?, ?)
