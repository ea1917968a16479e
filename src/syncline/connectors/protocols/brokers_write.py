"""Writing records to a broker: kept in the inbox first, then published whole under their key, then noted as published.

When the answer is lost, or we are killed, the next read or write publishes it again with the same name, so that a
reader that knows names takes it once: but only over what it was based on, and no later than the contract lets it take
effect. Else it is forgotten, and whoever wrote it reads what the broker says.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.protocols.brokers_inbox import Inbox, Kept, Pending
from syncline.connectors.protocols.brokers_message import (
    STRUCTURED,
    Outgoing,
    body_of,
    cloud_event,
    planted,
    put,
)
from syncline.connectors.protocols.brokers_options import BrokersResource, key_field
from syncline.connectors.protocols.brokers_wire import Fate, Sent, Wire
from syncline.connectors.protocols.json_values import as_record, exact_object
from syncline.connectors.protocols.stamps import SECOND, micros
from syncline.env import Env
from syncline.errors import DoubtError, SynclineError, TransientError
from syncline.model.page import Item, Op, Outcome, Receipt

_AT_ONCE = 500  #: writes that are finished together


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a batch."""

    item: Item
    kept: Kept
    message: Outgoing


class Sender:
    """The way out of one broker's inbox, and what is on it. Thread-safe."""

    def __init__(self, inbox: Inbox, wire: Wire, env: Env) -> None:
        self.inbox = inbox
        self.wire = wire
        self.env = env
        self.under_way: set[int] = set()  #: writes that wait for their answer; changed only whole, so any thread may
        self.effects: dict[str, int] = {}  #: resource -> how long after it was given up a write may take effect [us]
        self._finishing = threading.Lock()

    def finish(self) -> None:
        """Publish again what nobody confirmed, where nothing newer was said; TransientError while the broker does not.

        To be called when all that the broker has said was taken in.
        """
        with self._finishing:
            while waiting := self.inbox.pending(_AT_ONCE, tuple(self.under_way)):
                self._send_again(waiting)

    def _send_again(self, waiting: Sequence[Pending]) -> None:
        now, monotonic = micros(self.env.now()), self.env.monotonic()
        alive: list[Pending] = []
        over: list[int] = []
        for one in waiting:
            latest = now + self.effects.get(one.kept.resource, 0)  # a clock that was set back lets nothing live longer
            if one.is_current and now < one.until <= latest:
                alive.append(one)
            else:
                over.append(one.number)
        with self.inbox.transaction() as connection:
            self.inbox.forget(connection, over)
        if not alive:
            return
        send_by = monotonic + min(one.until - now for one in alive) / SECOND
        answers = self.wire.publish([one.message for one in alive], send_by)
        answers = [msgspec.structs.replace(one, fate=Fate.DOUBT) if one.fate is Fate.UNSENT else one for one in answers]
        note_sent(self.inbox, alive, answers)
        lost = [one for one in answers if one.fate is Fate.DOUBT]
        if lost:
            msg = f"{len(lost)} records that were written wait for the broker to confirm them: {lost[0].message}."
            raise TransientError(msg, cure="They are sent again with the next pass, or read.")


class Outbox:
    """Publishes the records of one resource."""

    def __init__(
        self, name: str, resource: BrokersResource, *, limit: int, tombstones: bool, effect: float, sender: Sender
    ) -> None:
        self._name = name
        self._resource = resource
        self._limit = limit
        self._tombstones = tombstones
        self._effect = int(effect * SECOND)
        sender.effects[name] = self._effect
        self._sender = sender
        self._inbox = sender.inbox
        self._env = sender.env

    @property
    def deletable(self) -> bool:
        """Can the broker be told of a delete?"""
        return self._tombstones or bool(self._resource.deleted)

    def write(self, items: Sequence[Item], send_by: float) -> list[Receipt]:
        """Publish what can be published before `send_by`; a receipt for each item."""
        receipts: list[Receipt] = []
        lines: dict[str, _Line] = {}
        with self._inbox.transaction() as connection:
            for item in items:
                found = self._line(connection, item)
                if isinstance(found, Receipt):
                    receipts.append(found)
                elif found.kept.key in lines:
                    receipts.append(_receipt(item, Outcome.BUSY, "another change of this record goes first"))
                else:
                    lines[found.kept.key] = found
            if self._env.monotonic() > send_by:
                return [_receipt(item, Outcome.BUSY, "not sent in time") for item in items]
            until = micros(self._env.now()) + self._effect
            numbers = [self._inbox.intend(connection, one.kept, one.message, until=until) for one in lines.values()]
            self._sender.under_way.update(numbers)
        waiting = [
            Pending(number=number, kept=line.kept, message=line.message)
            for number, line in zip(numbers, lines.values(), strict=True)
        ]
        try:
            answers = self._sent(waiting, send_by)
        finally:
            self._sender.under_way.difference_update(numbers)
        return receipts + [self._receipt(line, answer) for line, answer in zip(lines.values(), answers, strict=True)]

    def _sent(self, waiting: Sequence[Pending], send_by: float) -> list[Sent]:
        if not waiting:
            return []
        try:
            answers = self._sender.wire.publish([one.message for one in waiting], send_by)
        except DoubtError as error:
            answers = [Sent(fate=Fate.DOUBT, message=str(error))] * len(waiting)
        except TransientError as error:
            answers = [Sent(fate=Fate.UNSENT, message=str(error))] * len(waiting)
        except SynclineError:
            with self._inbox.transaction() as connection:
                self._inbox.forget(connection, [one.number for one in waiting])
            raise
        self._env.point("brokers.published")
        note_sent(self._inbox, waiting, answers, until=micros(self._env.now()) + self._effect)
        return answers

    def _receipt(self, line: _Line, answer: Sent) -> Receipt:
        outcome = {
            Fate.CONFIRMED: Outcome.DONE, Fate.UNSENT: Outcome.BUSY, Fate.REFUSED: Outcome.REFUSED,
            Fate.DOUBT: Outcome.DOUBT,
        }[answer.fate]  # fmt: skip
        if outcome is not Outcome.DONE:
            return _receipt(line.item, outcome, answer.message)
        return self._done(line.item, line.kept.key, None if line.kept.deleted else line.kept.raw)

    def _done(self, item: Item, key: str, raw: bytes | None) -> Receipt:
        row = self._inbox.rows("SELECT stamp FROM record WHERE resource = ? AND key = ?", (self._name, key))
        return Receipt(ref=item.ref, outcome=Outcome.DONE, key=key, raw=raw, stamp=row[0][0] if row else 0)

    # --- what a message says ------------------------------------------------------------------------------------------

    def _line(self, connection: sqlite3.Connection, item: Item) -> _Line | Receipt:
        if item.op is Op.CREATE:
            return self._new(connection, item)
        row = connection.execute(
            "SELECT raw, marker FROM record WHERE resource = ? AND key = ? AND deleted = 0", (self._name, item.key)
        ).fetchone()
        if row is None:
            return _receipt(item, Outcome.GONE)
        if item.op is Op.ARCHIVE or (item.op is Op.DELETE and not self.deletable):
            return _receipt(item, Outcome.REFUSED, "no message can say this: name a path in `deleted`")
        if item.op is Op.DELETE:
            return self._fit(item, item.key, exact_object(row[0]), row[1])
        fields = exact_object(row[0]) | dict(item.fields)
        name = key_field(self._resource)
        if str(fields.get(name)) != item.key:
            return _receipt(item, Outcome.REFUSED, f"{name} is the key, and cannot be changed")
        return self._fit(item, item.key, fields, row[1])

    def _new(self, connection: sqlite3.Connection, item: Item) -> _Line | Receipt:
        name, marker = key_field(self._resource), item.marker if self._resource.marker else ""
        given = item.fields.get(name)
        key = self._env.new_id() if given is None or given == "" else str(given)
        if marker:
            found = connection.execute(
                "SELECT key, raw, stamp FROM record WHERE resource = ? AND marker = ? AND deleted = 0",
                (self._name, marker),
            ).fetchone()
            if found:
                return Receipt(ref=item.ref, outcome=Outcome.DONE, key=found[0], raw=found[1], stamp=found[2])
        taken = "SELECT 1 FROM record WHERE resource = ? AND key = ? AND deleted = 0"
        if connection.execute(taken, (self._name, key)).fetchone():
            return _receipt(item, Outcome.REFUSED, f"there is a record with the key {key}")
        fields = {**item.fields, name: key if given is None or given == "" else given}
        if marker:
            fields[self._resource.marker] = marker
        return self._fit(item, key, fields, marker)

    def _fit(self, item: Item, key: str, fields: Mapping[str, object], marker: str) -> _Line | Receipt:
        is_deleted = item.op is Op.DELETE
        try:
            raw = as_record(fields)
            exact_object(raw)  # what is no number is no JSON
            message = self._message(key, fields, is_deleted=is_deleted)
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            return _receipt(item, Outcome.REFUSED, "it holds a value that no message can hold")
        if message.body is not None and len(message.body) > self._limit:
            return _receipt(item, Outcome.REFUSED, f"it is longer than {self._limit} bytes")
        kept = Kept(resource=self._name, key=key, raw=b"{}" if is_deleted else raw, marker=marker, deleted=is_deleted)
        return _Line(item=item, kept=kept, message=message)

    def _message(self, key: str, fields: Mapping[str, object], *, is_deleted: bool) -> Outgoing:
        resource, writing = self._resource, self._resource.write
        if writing is None:
            raise ValueError("nothing is written here")
        ident = self._env.new_id()
        topic, exchange = writing.topic or resource.topic, writing.exchange
        if is_deleted and not resource.deleted:
            return Outgoing(topic=topic, exchange=exchange, key=key, body=None, ident=ident)
        event: Mapping[str, object] = {}
        if resource.body == "data":
            kind = f"{writing.type}.{'deleted' if is_deleted else 'changed'}"
            time = self._env.now().isoformat()
            event = cloud_event(ident=ident, source=writing.source, kind=kind, time=time, subject=key)
        event = planted(fields, resource.body, event)
        for path, value in resource.deleted.items() if is_deleted else ():
            event = put(event, path, value)
        return Outgoing(
            topic=topic, exchange=exchange, key=key, body=body_of(event), ident=ident,
            content_type=STRUCTURED if resource.body == "data" else "application/json",
        )  # fmt: skip


def note_sent(inbox: Inbox, waiting: Sequence[Pending], answers: Sequence[Sent], *, until: int = 0) -> None:
    """What was confirmed is what the records say now; what did not leave will not; what is in doubt may be sent again.

    `until`: how long that may be, where they were in doubt for the first time [us since 1970].
    """
    with inbox.transaction() as connection:
        for one, answer in zip(waiting, answers, strict=True):
            if answer.fate is Fate.CONFIRMED:
                inbox.keep(connection, msgspec.structs.replace(one.kept, place=answer.place, offset=answer.offset))
        places = [answer.place.rpartition("/") for answer in answers if answer.place]
        offsets = [answer.offset for answer in answers if answer.place]
        inbox.remember(
            connection, [(topic, f"{one}:{at}") for (topic, _, one), at in zip(places, offsets, strict=True)]
        )
        lost = [one.number for one, answer in zip(waiting, answers, strict=True) if answer.fate is Fate.DOUBT]
        if until:
            inbox.give_up(connection, lost, until)
        inbox.forget(connection, [one.number for one in waiting if one.number not in set(lost)])


def _receipt(item: Item, outcome: Outcome, message: str = "") -> Receipt:
    return Receipt(ref=item.ref, outcome=outcome, key=item.key, message=message)
