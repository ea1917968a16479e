"""What the answer to a batch says about each of its items, with one decoding for all of them.

Only the few places that a receipt needs are decoded. A result is taken whole where the system refused its item, or
where the record in it is what the hub keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import msgspec

from syncline.connectors.protocols.paths import Shape, shallow, text_of
from syncline.connectors.protocols.rest_options import BatchAnswer, ResourceOptions
from syncline.connectors.protocols.rest_page import raw_at
from syncline.connectors.protocols.stamps import stamp_of
from syncline.model.page import Item, Op, Outcome, Receipt

# An enum's member is looked up by its class each time, at a third of what a whole receipt costs.
_DELETE, _DONE = Op.DELETE, Outcome.DONE
_KEYS = frozenset([str, int])
Said = object  #: the decoded places of one result; None where it has another shape


def _absent(_: Any) -> object:  # noqa: ANN401  whatever the result was
    return None


class Results:
    """How one resource's batches are answered."""

    def __init__(self, at: str, answer: BatchAnswer, resource: ResourceOptions) -> None:
        self._at = at
        self._shape, self._has_record = _shape(answer, resource)
        reads: Mapping[str, Callable[[Any], object]] = self._shape.reads
        self._ref = reads.get("ref", _absent)
        self._id = reads.get("id", _absent)
        self._key = reads.get("key", _absent)
        self._version = reads.get("version", _absent)
        self._stamp = reads.get("stamp", _absent)
        self._is_marked = "version" in reads or "stamp" in reads
        self._fine: Set[object] = frozenset(range(200, 300)) if answer.status else frozenset([None])
        self.status: Callable[[Any], object] = reads.get("status", _absent)
        self._one: msgspec.json.Decoder[Any] = msgspec.json.Decoder(self._shape.type)
        self._all = Shape({"all": (at, list[self._shape.type])}) if at else None  # type: ignore[name-defined]  # made at run time
        kind = self._all.type if self._all else list[self._shape.type]  # type: ignore[name-defined]  # made at run time
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)

    @property
    def shows_key(self) -> bool:
        """Can a receipt be made without the whole result?"""
        return self._has_record

    def said(self, body: bytes) -> Sequence[Said]:
        """The wanted places of every result; None for one of another shape.

        Raises:
            ValueError: There is no list of results.
        """
        try:
            if not body.isascii():
                body.decode()
            with shallow():
                found = self._decoder.decode(body)
            rows = self._all.reads["all"](found) if self._all else found
        except ValueError:  # one of them is no object
            return [self._said_one(raw) for raw in self.raws(body)]
        if rows is None:
            msg = "no results"
            raise ValueError(msg)
        return rows  # type: ignore[no-any-return]  # made at run time

    def _said_one(self, raw: bytes) -> Said:
        try:
            return self._one.decode(raw)
        except ValueError:
            return None

    def raws(self, body: bytes) -> list[bytes]:
        """Every result whole.

        Raises:
            ValueError: There is no list of results.
        """
        return [bytes(raw) for raw in msgspec.json.decode(raw_at(body, self._at) or b"", type=list[msgspec.Raw])]

    def by_reference(self, items: Sequence[Item], said: Sequence[Said]) -> list[tuple[Item, int]]:
        """Each item with the place of its result. An item without one, or with two, is left out: a doubt."""
        refs = [None if one is None else self._ref(one) for one in said]
        if refs == [item.ref for item in items] and len(set(refs)) == len(refs):
            return list(zip(items, range(len(refs)), strict=True))
        places: dict[str, list[int]] = {}
        for place, one in enumerate(said):
            if one is not None:
                places.setdefault(text_of(refs[place]), []).append(place)
        return [(item, found[0]) for item in items if len(found := places.get(str(item.ref), [])) == 1]

    def id_of(self, one: Said) -> str:
        """The key that the result names beside its record."""
        return "" if one is None else text_of(self._id(one))

    def all_done(self, pairs: Sequence[tuple[Item, int]], said: Sequence[Said]) -> Sequence[Receipt] | None:
        """The receipts where every item was written and is named by its key; None where one needs a closer look."""
        if self._is_marked or _DELETE in [item.op for item, _ in pairs]:
            return None
        done = [said[place] for _, place in pairs]
        if None in done:
            return None
        keys, statuses = list(map(self._key, done)), set(map(self.status, done))
        if not set(map(type, keys)) <= _KEYS or "" in keys or not statuses <= self._fine:
            return None
        return [Receipt(ref=item.ref, outcome=_DONE, key=str(key)) for (item, _), key in zip(pairs, keys, strict=True)]

    def done(self, item: Item, one: Said) -> Receipt | None:
        """The receipt for an item that was written; None where the result does not say which record it is."""
        key = self._key(one)
        has_record = (key.__class__ is int or key.__class__ is str) and item.op is not _DELETE
        found = (str(key) if has_record else text_of(self._id(one))) or item.key
        if not found:
            return None
        if not self._is_marked or not has_record:
            return Receipt(ref=item.ref, outcome=_DONE, key=found)
        version, stamp = text_of(self._version(one)) or None, stamp_of(self._stamp(one))
        return Receipt(ref=item.ref, outcome=_DONE, key=found, version=version, stamp=stamp)


def _shape(answer: BatchAnswer, resource: ResourceOptions) -> tuple[Shape, bool]:
    """The places of a result that are decoded, and whether those of its record are among them."""
    outside = {name: (path, object) for name in ("ref", "status", "id") if (path := getattr(answer, name))}
    inside = {"key": resource.key}
    if resource.since:
        inside["stamp"] = resource.since.field
    if resource.version and resource.version.field:
        inside["version"] = resource.version.field
    inner = {name: (f"{answer.record}.{path}" if answer.record else path, object) for name, path in inside.items()}
    try:
        return Shape({**outside, **inner}), True
    except ValueError:  # a place is asked for both whole and in part
        return Shape(outside), False
