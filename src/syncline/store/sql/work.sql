-- What is still to be done: cursors, hints, intents and unsettled items.

-- name: cursor
-- How far the stream has been read; a null stamp is the start.
SELECT stamp, token, epoch FROM cursor WHERE system = ? AND entity = ?

-- name: put_cursor
-- Set the cursor; that it never goes back within an epoch is decided by the caller.
INSERT INTO cursor (system, entity, stamp, token, epoch) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (system, entity) DO UPDATE SET stamp = excluded.stamp, token = excluded.token, epoch = excluded.epoch

-- name: hints
-- Hints that are due, earliest first.
SELECT system, entity, key, reason, due, at, tries, last FROM hint
WHERE system = ? AND entity = ? AND due <= ? ORDER BY due, key LIMIT ?

-- name: put_hints
-- A storm of hints for one record is one hint: the earlier due time, the first reason, the most tries, given just now.
INSERT INTO hint (system, entity, key, reason, due, at, tries, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (system, entity, key) DO UPDATE SET
  due = CASE WHEN excluded.due < hint.due THEN excluded.due ELSE hint.due END,
  tries = CASE WHEN excluded.tries > hint.tries THEN excluded.tries ELSE hint.tries END,
  last = excluded.last
WHERE excluded.due < hint.due OR excluded.tries > hint.tries OR excluded.last <> hint.last

-- name: replace_hints
-- Set hints as given; what was given at another time than is known is due no later for that.
INSERT INTO hint (system, entity, key, reason, due, at, tries, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (system, entity, key) DO UPDATE SET
  reason = excluded.reason, at = excluded.at, tries = excluded.tries,
  due = CASE WHEN excluded.last <> hint.last AND hint.due < excluded.due THEN hint.due ELSE excluded.due END

-- name: drop_hints
-- Forget a hint, unless it was given again since it was read.
DELETE FROM hint WHERE system = ? AND entity = ? AND key = ? AND due = ? AND tries = ? AND last = ?

-- name: next_due
-- The earliest instant at which something waits: a hint, a retry (2) or a doubt (3). Nobody waits for a parked record.
SELECT min(due) FROM (
  SELECT min(due) AS due FROM hint WHERE reason <> 'unreadable'
  UNION ALL SELECT min(due) FROM unsettled WHERE state = 2
  UNION ALL SELECT min(due) FROM unsettled WHERE state = 3
) AS waiting

-- name: next_due_of
-- The same in one stream.
SELECT min(due) FROM (
  SELECT min(due) AS due FROM hint WHERE system = ? AND entity = ? AND reason <> 'unreadable'
  UNION ALL SELECT min(due) FROM unsettled WHERE state IN (2, 3) AND system = ? AND entity = ?
) AS waiting

-- name: open_intents
-- Intents that are planned or sent (below 3), oldest first; said in so many words, so that their index is taken.
SELECT iid, system, entity, op, state, eids, cause, priority, body, sent_at, doubt_until, result FROM intent
WHERE state < 3 AND state = ? ORDER BY iid

-- name: open_intents_of
-- Those of one stream.
SELECT iid, system, entity, op, state, eids, cause, priority, body, sent_at, doubt_until, result FROM intent
WHERE state < 3 AND state = ? AND system = ? AND entity = ? ORDER BY iid

-- name: settled_intents
-- Intents in any other state, oldest first.
SELECT iid, system, entity, op, state, eids, cause, priority, body, sent_at, doubt_until, result FROM intent
WHERE state = ? ORDER BY iid

-- name: settled_intents_of
-- Those of one stream.
SELECT iid, system, entity, op, state, eids, cause, priority, body, sent_at, doubt_until, result FROM intent
WHERE state = ? AND system = ? AND entity = ? ORDER BY iid

-- name: add_intent
-- A new batch of changes, before it is sent.
INSERT INTO intent (system, entity, op, state, eids, cause, priority, body, sent_at, doubt_until, result)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING iid

-- name: update_intent
-- Replace everything but the number.
UPDATE intent SET system = ?, entity = ?, op = ?, state = ?, eids = ?, cause = ?, priority = ?, body = ?, sent_at = ?,
  doubt_until = ?, result = ? WHERE iid = ?

-- name: drop_settled
-- Settled intents (3) of old runs, looked for among the oldest alone.
DELETE FROM intent WHERE iid IN (SELECT iid FROM intent ORDER BY iid LIMIT ?) AND state = 3 AND cause < ?

-- name: unsettled
-- Unsettled rows of one stream or ('') of all, earliest due first.
SELECT system, entity, eid, state, op, pending, due, since, tries, message, run FROM unsettled
WHERE (? = '' OR (system = ? AND entity = ?)) AND due <= ? ORDER BY due, system, entity, eid LIMIT ?

-- name: unsettled_in
-- Unsettled rows in one state, of one stream or ('') of all, earliest due first.
SELECT system, entity, eid, state, op, pending, due, since, tries, message, run FROM unsettled
WHERE state = ? AND (? = '' OR (system = ? AND entity = ?)) AND due <= ? ORDER BY due, system, entity, eid LIMIT ?

-- name: unsettled_of
-- Unsettled rows by eid; nothing is looked up where the stream has none.
SELECT system, entity, eid, state, op, pending, due, since, tries, message, run FROM {integers} CROSS JOIN unsettled
WHERE system = ? AND entity = ? AND eid = wanted.value
AND EXISTS (SELECT 1 FROM unsettled AS present WHERE present.system = ? AND present.entity = ?)

-- name: unsettled_counts
-- How many rows stand in each state.
SELECT system, entity, state, count(*) FROM unsettled GROUP BY system, entity, state ORDER BY system, entity, state

-- name: put_unsettled
-- Insert or replace.
INSERT INTO unsettled (system, entity, eid, state, op, pending, due, since, tries, message, run)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (system, entity, eid) DO UPDATE SET state = excluded.state, op = excluded.op, pending = excluded.pending,
  due = excluded.due, since = excluded.since, tries = excluded.tries, message = excluded.message, run = excluded.run

-- name: drop_unsettled
-- The items were settled.
DELETE FROM unsettled WHERE eid IN (SELECT value FROM {integers}) AND system = ? AND entity = ?
