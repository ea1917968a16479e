-- What systems have told us and the store has not taken in yet. Beside the state, with a connection of its own.

-- name: make_inbox
-- The records that are said to have changed, each once.
CREATE TABLE IF NOT EXISTS inbox (
  system text NOT NULL, entity text NOT NULL, key text NOT NULL, seq bigint NOT NULL,
  PRIMARY KEY (system, entity, key)
)

-- name: make_message
-- The messages that told it, each once.
CREATE TABLE IF NOT EXISTS message (system text NOT NULL, id text NOT NULL, at bigint NOT NULL, PRIMARY KEY (system, id))

-- name: put_told
-- A record that is told of again is still one, and the later telling counts.
INSERT INTO inbox (system, entity, key, seq) VALUES (?, ?, ?, ?)
ON CONFLICT (system, entity, key) DO UPDATE SET seq = excluded.seq

-- name: put_messages
-- A message that came twice came when it first did.
INSERT INTO message (system, id, at) VALUES (?, ?, ?) ON CONFLICT (system, id) DO NOTHING

-- name: told
-- Everything that was told, in its order.
SELECT system, entity, key, seq FROM inbox ORDER BY seq

-- name: messages
-- Every message that is remembered, oldest first.
SELECT system, id, at FROM message ORDER BY at, id

-- name: drop_told
-- What was told again since stays.
DELETE FROM inbox WHERE system = ? AND entity = ? AND key = ? AND seq <= ?

-- name: drop_messages
-- Messages that are too old to count if they came again.
DELETE FROM message WHERE at < ?
