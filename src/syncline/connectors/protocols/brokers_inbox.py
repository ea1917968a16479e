"""What a broker has said: the newest record of each key, how far each topic was read, and letters that nobody can read.

One small database beside the hub's state. A message is acknowledged only after it was kept here, so a crash leaves it
with the broker, which delivers it again; a record that is written is kept here before it is sent, with what it is based
on and until when it may be sent again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from syncline.connectors.protocols.brokers_message import Message, Outgoing
from syncline.connectors.protocols.local_log import LocalLog, counted
from syncline.connectors.protocols.stamps import micros
from syncline.env import Env

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
  resource TEXT NOT NULL, key TEXT NOT NULL, raw BLOB NOT NULL, stamp INTEGER NOT NULL, marker TEXT NOT NULL DEFAULT '',
  deleted INTEGER NOT NULL DEFAULT 0, place TEXT NOT NULL DEFAULT '', offset INTEGER NOT NULL DEFAULT -1,
  PRIMARY KEY (resource, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_stamp ON record (resource, stamp);
CREATE INDEX IF NOT EXISTS record_marker ON record (resource, marker) WHERE marker <> '';
CREATE TABLE IF NOT EXISTS position (place TEXT PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (
  number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, ident TEXT NOT NULL, UNIQUE (topic, ident));
CREATE TABLE IF NOT EXISTS hint (
  number INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL, resource TEXT NOT NULL, key TEXT NOT NULL,
  UNIQUE (system, resource, key));
CREATE TABLE IF NOT EXISTS letter (
  number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL,
  body BLOB NOT NULL, stamp INTEGER NOT NULL, UNIQUE (topic, name));
CREATE TABLE IF NOT EXISTS sending (
  number INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL, key TEXT NOT NULL, message BLOB NOT NULL,
  raw BLOB NOT NULL, marker TEXT NOT NULL, deleted INTEGER NOT NULL, base INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_KEPT = 4096  #: of a dead letter [bytes]
_REMEMBERED = 10_000  #: names of messages, so that one that comes again is known
_decode_outgoing = msgspec.msgpack.Decoder(Outgoing).decode


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a message, or a write, says of one record."""

    resource: str
    key: str
    raw: bytes
    marker: str = ""
    deleted: bool = False
    place: str = ""  #: where its offset counts
    offset: int = -1


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A write that is kept and not known to be with the broker."""

    number: int
    kept: Kept
    message: Outgoing
    is_current: bool = True  #: does the record still say what this was based on? Not so once the broker says this
    until: int = 0  #: when it may be sent again no more [us since 1970]


class Inbox(LocalLog):
    """The inbox of one broker. Thread-safe; one transaction at a time."""

    def __init__(self, path: Path, system: str, env: Env, *, letters: int) -> None:
        super().__init__(
            path, env, schema=_SCHEMA, name=f"The inbox of {system}", point="brokers.commit",
            place=f"The folder of the inbox of {system}",
            cure="Move it away: Kafka's topics are then read again, and RabbitMQ's messages of before are lost.",
        )  # fmt: skip
        self._letters = letters

    def keep(self, connection: sqlite3.Connection, told: Kept) -> None:
        """Keep what a record says now; one that says nothing new keeps its stamp.

        Of two messages of one partition the later one counts, in whatever order they are told of.
        """
        row = connection.execute(
            "SELECT raw, deleted, place, offset FROM record WHERE resource = ? AND key = ?", (told.resource, told.key)
        ).fetchone()
        if row and told.place and row[2] == told.place and row[3] > told.offset:
            return
        if row and row[0] == told.raw and bool(row[1]) == told.deleted:
            connection.execute(
                "UPDATE record SET place = ?, offset = ? WHERE resource = ? AND key = ?",
                (told.place, told.offset, told.resource, told.key),
            )
            return
        stamp = counted(connection, "stamp", at_least=micros(self._env.now()))
        connection.execute(
            "INSERT OR REPLACE INTO record (resource, key, raw, stamp, marker, deleted, place, offset) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (told.resource, told.key, told.raw, stamp, told.marker, told.deleted, told.place, told.offset),
        )

    def is_known(self, connection: sqlite3.Connection, message: Message) -> bool:
        """Was it taken in before?"""
        if message.place:
            found = connection.execute("SELECT offset FROM position WHERE place = ?", (message.place,)).fetchone()
            if found is not None and message.offset < found[0]:
                return True
        elif not (message.redelivered and message.ident):
            return False
        known = "SELECT 1 FROM taken WHERE topic = ? AND ident = ?"
        return connection.execute(known, (message.topic, message.name)).fetchone() is not None

    def note(self, connection: sqlite3.Connection, messages: Sequence[Message]) -> None:
        """These were taken in, and all that follows from them is durable with this."""
        ends: dict[str, int] = {}
        for one in messages:
            if one.place:
                ends[one.place] = max(ends.get(one.place, 0), one.offset + 1)
        connection.executemany(
            "INSERT INTO position (place, offset) VALUES (?, ?) ON CONFLICT (place) DO UPDATE "
            "SET offset = max(offset, excluded.offset)",
            list(ends.items()),
        )
        self.remember(connection, [(one.topic, one.ident) for one in messages if not one.place and one.ident])

    def remember(self, connection: sqlite3.Connection, names: Sequence[tuple[str, str]]) -> None:
        """Messages, by topic and name, that say nothing new when they come: taken in before, or our own."""
        if names:
            connection.executemany("INSERT OR REPLACE INTO taken (topic, ident) VALUES (?, ?)", names)
            oldest = "DELETE FROM taken WHERE number <= (SELECT max(number) FROM taken) - ?"
            connection.execute(oldest, (_REMEMBERED,))

    def set_aside(self, connection: sqlite3.Connection, message: Message, reason: str) -> None:
        """Keep the beginning of a message that nothing can be made of; the oldest of too many go."""
        stamp = counted(connection, "stamp", at_least=micros(self._env.now()))
        added = connection.execute(
            "INSERT OR IGNORE INTO letter (topic, name, reason, body, stamp) VALUES (?, ?, ?, ?, ?)",
            (message.topic, message.name, reason, (message.body or b"")[:_KEPT], stamp),
        )
        if added.rowcount:
            counted(connection, "letters")
            oldest = "DELETE FROM letter WHERE number <= (SELECT max(number) FROM letter) - ?"
            connection.execute(oldest, (self._letters,))

    def letters(self) -> tuple[int, str]:
        """How many messages were ever set aside, and why the newest was, with its place."""
        rows = self.rows("SELECT value FROM counter WHERE name = 'letters'")
        newest = self.rows("SELECT topic, name, reason FROM letter ORDER BY number DESC LIMIT 1")
        return (rows[0][0] if rows else 0), (f"{newest[0][0]} {newest[0][1]} {newest[0][2]}" if newest else "")

    # --- which records may have changed -------------------------------------------------------------------------------

    def put_hints(self, connection: sqlite3.Connection, hints: Iterable[tuple[str, str, str]]) -> None:
        """These records of other resources may have changed: (system, resource, key). Told again it is one, a newer."""
        connection.executemany("INSERT OR REPLACE INTO hint (system, resource, key) VALUES (?, ?, ?)", list(hints))

    def hints(self, limit: int) -> list[tuple[int, str, str, str]]:
        """Hints that were not passed on yet, oldest first: (number, system, resource, key)."""
        return self.rows("SELECT number, system, resource, key FROM hint ORDER BY number LIMIT ?", (limit,))

    def drop_hints(self, numbers: Sequence[int]) -> None:
        """These were passed on, and are durable there. One that was told again since has another number, and stays."""
        with self.transaction() as connection:
            connection.executemany("DELETE FROM hint WHERE number = ?", [(number,) for number in numbers])

    # --- how far topics were read -------------------------------------------------------------------------------------

    def positions(self, topic: str, ends: Mapping[int, int]) -> dict[int, int]:
        """Partition -> the offset to go on from, 0 at first.

        A partition that ends before where we have read was made anew: what it was is forgotten, its records stay.
        """
        places = {partition: f"{topic}/{partition}" for partition in ends}
        with self.transaction() as connection:
            for partition, end in ends.items():
                place = places[partition]
                gone = connection.execute("DELETE FROM position WHERE place = ? AND offset > ?", (place, end))
                if gone.rowcount:
                    connection.execute("UPDATE record SET place = '', offset = -1 WHERE place = ?", (place,))
            known = dict(connection.execute("SELECT place, offset FROM position").fetchall())
        return {partition: known.get(place, 0) for partition, place in places.items()}

    # --- what is to be sent -------------------------------------------------------------------------------------------

    def intend(self, connection: sqlite3.Connection, kept: Kept, message: Outgoing, *, until: int) -> int:
        """Keep a write before it is sent, with what its record says now; its number. `until`: see `Pending`."""
        row = connection.execute(
            "INSERT INTO sending (resource, key, message, raw, marker, deleted, until, base) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
            "coalesce((SELECT stamp FROM record WHERE resource = ?1 AND key = ?2), 0))",
            (kept.resource, kept.key, msgspec.msgpack.encode(message), kept.raw, kept.marker, kept.deleted, until),
        )
        return int(row.lastrowid or 0)

    def give_up(self, connection: sqlite3.Connection, numbers: Sequence[int], until: int) -> None:
        """Whoever wrote these is told that they are in doubt; they may be sent again until then."""
        connection.executemany("UPDATE sending SET until = ? WHERE number = ?", [(until, one) for one in numbers])

    def forget(self, connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
        """These writes are with the broker, or will never be sent."""
        connection.executemany("DELETE FROM sending WHERE number = ?", [(number,) for number in numbers])

    def pending(self, limit: int, under_way: Collection[int] = ()) -> list[Pending]:
        """Writes that are not known to be with the broker, oldest first, without those that are `under_way`."""
        rows = self.rows(
            "SELECT number, s.resource, s.key, message, s.raw, s.marker, s.deleted, base = coalesce(stamp, 0), until "
            "FROM sending s LEFT JOIN record r ON r.resource = s.resource AND r.key = s.key "
            "WHERE number NOT IN (SELECT value FROM json_each(?)) ORDER BY number LIMIT ?",
            (msgspec.json.encode(list(under_way)).decode(), limit),
        )
        return [
            Pending(
                number=row[0], message=_decode_outgoing(row[3]), is_current=bool(row[7]), until=row[8],
                kept=Kept(resource=row[1], key=row[2], raw=row[4], marker=row[5], deleted=bool(row[6])),
            )
            for row in rows
        ]  # fmt: skip
