"""Writing through a SOAP service: one record per request, several requests at a time, a receipt for every item.

A fault of the server may follow what was done, so it is a doubt unless its code says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from syncline.connectors.protocols.answers import OUTCOMES, Barred, Result, duplicate, failed
from syncline.connectors.protocols.json_values import as_record, exact_object
from syncline.connectors.protocols.paths import Steps, find, steps_of, text_of
from syncline.connectors.protocols.rest_page import Reader
from syncline.connectors.protocols.soap_body import placed
from syncline.connectors.protocols.soap_layout import Layout, at, inside, row_of
from syncline.connectors.protocols.soap_options import Fate, Resource, Writing
from syncline.connectors.protocols.soap_service import Asking, Service, Told
from syncline.errors import RejectedError, SetupError, SynclineError
from syncline.model.contract import ReadBack
from syncline.model.page import Item, Op, Outcome, Receipt, Record

VERBS = {Op.CREATE: "create", Op.UPDATE: "update", Op.DELETE: "delete", Op.ARCHIVE: "archive"}

FindMarked = Callable[[str], Sequence[Record]]


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where things go in the request of one kind of write."""

    write: Writing
    fields: Steps
    key: Steps
    version: Steps
    token: Steps


class Writer:
    """The writing half of one resource."""

    def __init__(
        self,
        *,
        service: Service,
        name: str,
        resource: Resource,
        reader: Reader,
        read_back: ReadBack,
        find_marked: FindMarked,
    ) -> None:
        self._service = service
        self._name = name
        self._resource = resource
        self._setting = f"systems.{service.system}.resources.{name}.write"
        self._reader = reader
        self._read_back = read_back
        self._find_marked = find_marked
        offered = {op: getattr(resource.write, verb) for op, verb in VERBS.items()}
        self._places = {op: _places(write) for op, write in offered.items() if write is not None}

    def write(self, items: Sequence[Item], send_by: float) -> list[Result]:
        """Send every item, several at a time."""
        try:
            _ = self._service.description
        except SynclineError as error:  # nothing can be said before it is known, so nothing was sent
            return [failed(item, error) for item in items]
        results: list[Result] = []
        sent: list[tuple[Item, Asking]] = []
        for item in items:
            try:
                sent.append((item, self._asking(item, send_by)))
            except RejectedError as error:
                results.append(failed(item, error))
        answers = self._service.ask_all([asking for _, asking in sent])
        for (item, _), answer in zip(sent, answers, strict=True):
            results.append(self._told(item, answer))
        return results

    # --- asking -------------------------------------------------------------------

    def _asking(self, item: Item, send_by: float) -> Asking:
        places = self._places.get(item.op)
        if places is None:
            msg = f"{self._service.system}.{self._name} offers no {VERBS[item.op]}."
            raise RejectedError(msg, cure=f"Configure {self._setting}.{VERBS[item.op]}.")
        given: list[tuple[Steps, object]] = []
        if item.op in {Op.CREATE, Op.UPDATE}:
            given.append((places.fields, self._fields(item, places)))
        elif item.fields:
            given.append((places.fields, item.fields))
        if places.key and item.op is not Op.CREATE:
            given.append((places.key, item.key))
        if places.version and item.version:
            given.append((places.version, item.version))
        if places.token and item.idempotency:
            given.append((places.token, item.idempotency))
        null = self._resource.nulls
        return self._service.asking(places.write, given, null=null, writes=True, send_by=send_by)

    def _fields(self, item: Item, places: Places) -> Mapping[str, object]:
        fields: object = self._whole(item, places) if places.write.whole and item.op is Op.UPDATE else item.fields
        marker = self._resource.marker
        if marker and item.op is Op.CREATE and item.marker:
            fields = placed(fields, steps_of(marker.input or marker.field), item.marker)
        assert isinstance(fields, Mapping)  # noqa: S101  fields below fields
        return fields

    def _whole(self, item: Item, places: Places) -> Mapping[str, object]:
        """The record as it was read, as far as it may be written, with the fields over it."""
        if item.current is None:
            msg = f"{self._service.system}.{self._name} wants whole records, and {item.key} was not read before."
            raise RejectedError(msg)
        taken = self._service.description.operation(places.write.operation).input
        found = at(taken.layout, places.fields, numbered=True) if taken else None
        shown = _writable(exact_object(item.current), inside(found)) if found is not None else {}
        return {**(shown if isinstance(shown, dict) else {}), **item.fields}

    # --- answers ------------------------------------------------------------------

    def _told(self, item: Item, told: Told | SynclineError) -> Result:
        """The receipt for what came."""
        if isinstance(told, SynclineError):
            return failed(item, told)
        fault, write = told.answer.fault, self._places[item.op].write
        if fault is not None:
            return self._by_fate(item, self._service.meaning.of(fault), self._service.said(fault), told.wait)
        value = told.answer.value
        if write.done is not None and not write.done.holds(find(value, write.done.field)):
            code = text_of(find(value, write.code)) if write.code else ""
            words = text_of(find(value, write.message)) if write.message else ""
            text = self._service.wire.hide(f"{words} ({code})" if words and code else words or code)
            return self._by_fate(item, self._service.meaning.of_code(code), text or "not done", told.wait)
        return self._done(item, write, value)

    def _by_fate(self, item: Item, fate: Fate, words: str, wait: float | None) -> Result:
        if fate == "setup":
            what = f"{self._service.system} does not allow this: {words}."
            cure = f"Check {self._setting}.{VERBS[item.op]} and the rights of the account."
            return Barred(ref=item.ref, error=SetupError(what, cure=cure))
        if fate == "duplicate":
            marker = self._resource.marker
            ours = (lambda: next(iter(self._find_marked(item.marker)), None)) if marker and marker.search else None
            return duplicate(item, words, ours, keeps=self._read_back is ReadBack.BODY)
        outcome = OUTCOMES[fate]
        if item.op is Op.CREATE and outcome in {Outcome.GONE, Outcome.STALE}:
            outcome = Outcome.REFUSED  # what is gone or stale is something that the new record points to
        pause = (wait or 0.0) if outcome is Outcome.BUSY else 0.0
        return Receipt(ref=item.ref, outcome=outcome, key=item.key, message=words, wait=pause)

    def _done(self, item: Item, write: Writing, value: object) -> Receipt:
        shown = find(value, write.record) if write.record else None
        record = None
        if isinstance(shown, dict) and item.op is not Op.DELETE:
            try:
                record = self._reader.record(as_record(shown))
            except ValueError:  # no whole record: the key alone may be enough
                record = None
        told = text_of(find(value, write.shown)) if write.shown else ""
        key = item.key or (record.key if record else told)
        if not key:
            text = f"{self._service.system} has created a record and does not say which."
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, message=text)
        keeps = record is not None and self._read_back is ReadBack.BODY
        return Receipt(
            ref=item.ref,
            outcome=Outcome.DONE,
            key=key,
            raw=record.raw if record and keeps else None,
            version=record.version if record else None,
            stamp=record.stamp if record else 0,
        )


def _places(write: Writing) -> Places:
    return Places(
        write=write,
        fields=steps_of(write.fields),
        key=steps_of(write.key),
        version=steps_of(write.version),
        token=steps_of(write.token),
    )


def _writable(value: object, layout: Layout) -> object:
    """What was read without what the request does not take."""
    if isinstance(value, list):
        row = row_of(layout)
        return value if row is None else [_writable(one, row) for one in value]
    if not isinstance(value, dict) or layout.kind:
        return value
    kept = {name: one for name, one in value.items() if name in layout.parts or name in layout.attributes}
    return {name: _writable_part(one, layout, name) for name, one in kept.items()}


def _writable_part(value: object, layout: Layout, name: str) -> object:
    part = layout.parts.get(name)
    if part is None:
        return value
    if part.many and isinstance(value, list):
        return [_writable(one, part.layout) for one in value]
    return _writable(value, part.layout)
