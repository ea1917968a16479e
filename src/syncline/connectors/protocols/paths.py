"""Where a value stands in an answer: `data`, `meta.next`, or with odd names in backticks, `` `@odata.nextLink` ``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from typing import Any

import msgspec

_SEGMENT = re.compile(r"`([^`]+)`|([^`.]+)")
Steps = tuple[str, ...]


def steps_of(path: str) -> Steps:
    """The names on the way down; none for the whole.

    >>> steps_of("meta.`@odata.nextLink`")
    ('meta', '@odata.nextLink')
    """
    return tuple(odd or name for odd, name in _SEGMENT.findall(path))


def find(value: object, path: str) -> object:
    """What stands there; None where there is nothing."""
    for step in steps_of(path):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def placed(there: object, steps: Sequence[str], value: object) -> object:
    """A value at a place below, beside what is there.

    >>> placed({"a": {"b": 1}}, ("a", "c"), 2)
    {'a': {'b': 1, 'c': 2}}
    """
    if not steps:
        return value
    below = dict(there) if isinstance(there, Mapping) else {}
    below[steps[0]] = placed(below.get(steps[0]), steps[1:], value)
    return below


def text_of(value: object) -> str:
    """A key, version or word as text; "" for nothing.

    >>> text_of(7), text_of(True), text_of(None)
    ('7', 'true', '')
    """
    if value is None or value is msgspec.UNSET:
        return ""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a record or answer, and the value there that means yes; without a value, anything but null does."""

    field: str
    equals: object = msgspec.UNSET

    def holds(self, value: object) -> bool:
        """Does this value mean yes?"""
        if self.equals is msgspec.UNSET:
            return value is not None
        return value == self.equals and isinstance(value, bool) == isinstance(self.equals, bool)


@contextmanager
def shallow() -> Iterator[None]:
    """Decode inside: a document nested so deep that decoding gives up is as unreadable as one that is no JSON."""
    try:
        yield
    except RecursionError:
        msg = "nested too deep"
        raise ValueError(msg) from None


class Shape:
    """A struct type that decodes only the wanted places of a document, and reads them back by name.

    One place may have several names; it is decoded as the first of them wants it.
    """

    def __init__(self, wanted: Mapping[str, tuple[str, object]], *, required: Sequence[str] = ()) -> None:
        tree: dict[str, Any] = {}
        for name, (path, kind) in wanted.items():
            _plant(tree, steps_of(path), (kind, name in required))
        self.type = _struct(tree)
        self.reads = {name: _reader(self.type, steps_of(path)) for name, (path, _) in wanted.items()}


def _plant(tree: dict[str, Any], steps: Steps, leaf: tuple[object, bool]) -> None:
    for step in steps[:-1]:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            msg = f"{step} is asked for both whole and in part"
            raise ValueError(msg)
        tree = below
    if isinstance(tree.setdefault(steps[-1], leaf), dict):
        msg = f"{steps[-1]} is asked for both whole and in part"
        raise ValueError(msg)


def _struct(tree: Mapping[str, Any]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    rename: dict[str, str] = {}
    for place, (name, below) in enumerate(tree.items()):
        field = f"f{place}"
        rename[field] = name
        if isinstance(below, dict):
            fields.append((field, _struct(below) | None, None))
        else:
            kind, required = below
            fields.append((field, kind) if required else (field, kind, None))
    # JSON has no cycles, so the collector need not follow these.
    return msgspec.defstruct("Shape", fields, rename=rename, kw_only=True, gc=False)


def _reader(kind: type[msgspec.Struct], steps: Steps) -> Callable[[Any], Any]:
    """How to get from the struct to the place; fast where it is at the top."""
    first = next(field for field in msgspec.structs.fields(kind) if field.encode_name == steps[0])
    if len(steps) == 1:
        return attrgetter(first.name)
    inner = next(one for one in first.type.__args__ if one is not type(None))
    below = _reader(inner, steps[1:])
    top = attrgetter(first.name)

    def read(document: object) -> object:
        found = top(document)
        return None if found is None else below(found)

    return read
