"""Tells others what was agreed: each change of the audit log as a CloudEvent, at least once, each entity in its order.

The log is the outbox: it is committed with the change itself. How far it was told is a number in the store, which moves
only after every notice of a page was confirmed; what was told and not noted is told again, under the same id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from syncline.engine.audit import Entry, EntryKind, entries_of
from syncline.engine.changes import changed_fields
from syncline.engine.history import entity_of_page
from syncline.engine.hub import BoundFlow, Hub
from syncline.engine.labels import labels
from syncline.errors import SetupError, TransientError
from syncline.model.quality import HIDDEN
from syncline.model.report import plain
from syncline.model.state import AuditPage
from syncline.model.values import UNSET, Value, is_empty
from syncline.ports.outlet import Notice, Outlet

_TOLD = "told"  #: documents: outlet and topic -> number of the last page of the log that was told
_AT_ONCE = 500  #: notices on their way together
_KINDS = {
    EntryKind.CREATED: "created", EntryKind.CHANGED: "changed", EntryKind.DELETED: "deleted",
    EntryKind.REOPENED: "reopened", EntryKind.MERGED: "merged",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who is told of what."""

    system: str
    topic: str  #: with {entity}
    entities: frozenset[str]  #: nothing: all
    exchange: str = ""
    source: str = "/syncline"

    @property
    def place(self) -> str:
        """Where it is told: one topic of one outlet."""
        return msgspec.json.encode([self.system, self.exchange, self.topic]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What one call has told."""

    notices: int
    upto: int  #: number of the last page of the log that was told
    waits: str = ""  #: why the rest waits; "" when all was told


def announce(hub: Hub, audience: Audience) -> Announced:
    """Tell all that was not told yet. What stands in the way is said, and nothing is skipped."""
    outlet: object = hub.connectors.get(audience.system)
    if not isinstance(outlet, Outlet):
        msg = f"{audience.system} takes no events."
        raise SetupError(msg, cure="Name a system whose connector is `brokers` in `publish.to`.")
    flows = {one.entity: one for one in hub.flows.values() if not audience.entities or one.entity in audience.entities}
    upto, told = _noted(hub, audience), 0
    for page in hub.store.audit_log(after=upto):
        bound = flows.get(entity_of_page(page))
        notices = list(_notices(hub, bound, page, audience)) if bound else []
        waits = _tell(outlet, notices)
        if waits:
            return Announced(notices=told, upto=_note(hub, audience, upto), waits=waits)
        hub.env.point("announce.told")
        told, upto = told + len(notices), page.seq
        if notices:
            _note(hub, audience, upto)
    return Announced(notices=told, upto=_note(hub, audience, upto))


def _tell(outlet: Outlet, notices: Sequence[Notice]) -> str:
    """Why they are not all known to be told; "" when they are."""
    for start in range(0, len(notices), _AT_ONCE):
        try:
            answers = outlet.announce(notices[start : start + _AT_ONCE])
        except TransientError as error:
            return str(error)
        if lost := [one for one in answers if one]:
            return f"{len(lost)} events are not confirmed: {lost[0]}."
    return ""


def _noted(hub: Hub, audience: Audience) -> int:
    """How far it was told there. A store of before has it by topic alone, of whichever outlet comes first."""
    noted = hub.store.document(_TOLD, audience.place)
    if noted is None and (noted := hub.store.document(_TOLD, audience.topic)) is not None:
        with hub.store.transaction() as tx:
            tx.put_documents(_TOLD, {audience.place: noted})
            tx.drop_documents(_TOLD, [audience.topic])
    return int(noted or b"0")


def _note(hub: Hub, audience: Audience, upto: int) -> int:
    if int(hub.store.document(_TOLD, audience.place) or b"0") < upto:
        with hub.store.transaction() as tx:
            tx.put_documents(_TOLD, {audience.place: str(upto).encode()})
    return upto


# --- a page of the log as notices -------------------------------------------------------------------------------------


def _notices(hub: Hub, bound: BoundFlow, page: AuditPage, audience: Audience) -> Iterator[Notice]:
    numbered = [(place, one) for place, one in enumerate(entries_of(page)) if one.kind in _KINDS]
    keys = labels(hub, bound, [one.eid for _, one in numbered])
    time = datetime.fromtimestamp(page.at / 1e6, UTC).isoformat(timespec="microseconds")
    for place, one in numbered:
        ident = f"{hub.store_id}-{page.seq}-{place}"
        event = {
            "specversion": "1.0", "id": ident, "source": audience.source,
            "type": f"io.syncline.{bound.entity}.changed", "subject": str(one.eid), "time": time,
            "datacontenttype": "application/json", "data": _data(bound, one, page, keys[one.eid].keys),
        }  # fmt: skip
        topic = audience.topic.replace("{entity}", bound.entity)
        yield Notice(
            topic=topic, exchange=audience.exchange, key=f"{bound.entity}/{one.eid}", ident=ident,
            body=msgspec.json.encode(event),
        )  # fmt: skip


def _data(bound: BoundFlow, one: Entry, page: AuditPage, keys: Mapping[str, str]) -> dict[str, object]:
    kind = EntryKind(one.kind)
    data: dict[str, object] = {"change": _KINDS[kind], "from": page.system, "run": page.cause, "keys": keys}
    if kind is EntryKind.CREATED:
        given = zip(bound.layout, one.row(), strict=False)
        data["fields"] = {
            name: {"old": None, "new": _told(bound, name, value)} for name, value in given if value is not UNSET
        }
    elif kind is EntryKind.CHANGED:
        data["fields"] = {
            (name := bound.layout[position]): {"old": _told(bound, name, before), "new": _told(bound, name, after)}
            for position, before, _, after in changed_fields(one)
        }
    elif kind is EntryKind.MERGED:
        data["into"] = str(one.row()[0])
    return data


def _told(bound: BoundFlow, name: str, value: Value) -> object:
    """A value as others may hear it."""
    return HIDDEN if name in bound.flow.quality.secret and not is_empty(value) else plain(value)
