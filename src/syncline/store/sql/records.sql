-- Entities, links and match keys: one table per type or stream, named in braces; {texts} and {integers} are the page
-- of keys or eids that was asked for, a relation `wanted(value)`.

-- name: fingerprints
-- The hot path of a full re-read: what is linked, and what its raw record looked like.
SELECT key, eid, fingerprint FROM {texts} CROSS JOIN {link} WHERE key = wanted.value

-- name: links
-- Links by the system's key.
SELECT eid, key, state, fingerprint, version, delta, born, stamp FROM {texts} CROSS JOIN {link} WHERE key = wanted.value

-- name: links_of
-- Links by eid.
SELECT eid, key, state, fingerprint, version, delta, born, stamp FROM {integers} CROSS JOIN {link} WHERE eid = wanted.value

-- name: each_link
-- One page of links, ascending.
SELECT eid, key, state, fingerprint, version, delta, born, stamp FROM {link} WHERE eid > ? ORDER BY eid LIMIT ?

-- name: unseen
-- One page of links that are not gone (2), whose eid has no mark among `seen`, one byte per eid from 0 on.
SELECT eid, key, state, fingerprint, version, delta, born, stamp FROM {link}
WHERE state <> 2 AND substr(?, CAST(eid + 1 AS integer), 1) IS DISTINCT FROM ? AND eid > ? ORDER BY eid LIMIT ?

-- name: links_with_delta
-- One page of links that differ from canon; the partial index holds only these.
SELECT eid, key, state, fingerprint, version, delta, born, stamp FROM {link}
WHERE delta IS NOT NULL AND state = 1 AND eid > ? ORDER BY eid LIMIT ?

-- name: entities
-- Entities by eid.
SELECT eid, state, gen, canon, gens FROM {integers} CROSS JOIN {entity} WHERE eid = wanted.value

-- name: each_entity
-- One page of entities, ascending.
SELECT eid, state, gen, canon, gens FROM {entity} WHERE eid > ? ORDER BY eid LIMIT ?

-- name: unlinked
-- One page of live entities without a link row in the stream.
SELECT eid FROM {entity} WHERE eid > ? AND state = 1
AND NOT EXISTS (SELECT 1 FROM {link} WHERE {link}.eid = {entity}.eid) ORDER BY eid LIMIT ?

-- name: counts
-- Live entities of the type, and links in state OK.
SELECT (SELECT count(*) FROM {entity} WHERE state = 1), (SELECT count(*) FROM {link} WHERE state = 1)

-- name: insert_entities
-- New entities.
INSERT INTO {entity} (eid, state, gen, canon, gens) VALUES (?, ?, ?, ?, ?)

-- name: update_entities
-- Replace everything but the eid.
UPDATE {entity} SET state = ?, gen = ?, canon = ?, gens = ? WHERE eid = ?

-- name: insert_links
-- New links; the unique key and eid are the last line against doubling.
INSERT INTO {link} (eid, key, state, fingerprint, version, delta, born, stamp) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: update_links
-- Replace everything but eid and key, which is in an index: to set it costs a page of that index, even to what it is.
UPDATE {link} SET state = ?, fingerprint = ?, version = ?, delta = ?, born = ?, stamp = ? WHERE eid = ?

-- name: rekey_links
-- The records have other keys than before.
UPDATE {link} SET key = ? WHERE eid = ?

-- name: touch_links
-- The record was looked at: no more than its fingerprint, version and stamp.
UPDATE {link} SET fingerprint = ?, version = ?, stamp = ? WHERE eid = ?

-- name: drop_links
-- Forget links; an alias remembers each.
DELETE FROM {link} WHERE eid IN (SELECT value FROM {integers})

-- name: matching
-- Who has these match keys.
SELECT hash, eid FROM {integers} CROSS JOIN {match} WHERE rule = ? AND hash = wanted.value ORDER BY hash, eid

-- name: put_matching
-- Add a match key; one that exists stands.
INSERT INTO {match} (rule, hash, eid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: drop_matching
-- Forget every match key of these entities.
DELETE FROM {match} WHERE eid IN (SELECT value FROM {integers})

-- name: merged_into
-- Who absorbed the entity.
SELECT survivor FROM merged WHERE entity = ? AND eid = ?

-- name: absorbed
-- Whom the entity absorbed.
SELECT eid FROM merged WHERE entity = ? AND survivor = ?

-- name: merge_entity
-- Remember who absorbed the entity.
INSERT INTO merged (entity, eid, survivor) VALUES (?, ?, ?)
ON CONFLICT (entity, eid) DO UPDATE SET survivor = excluded.survivor

-- name: take_numbers
-- Move a counter on; its new value is the last number taken.
INSERT INTO counter (name, taken) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET taken = counter.taken + excluded.taken RETURNING taken
