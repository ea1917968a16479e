"""Where a value stands in a record: `name`, `credit_limit.amount`, `addresses[kind=billing].street`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import msgspec
from msgspec import UNSET

from syncline.errors import SetupError
from syncline.mapping.syntax import Literal
from syncline.mapping.values import kind

_SEGMENT = re.compile(r"(?:`(?P<odd>[^`]+)`|(?P<name>[^`.\[\]]+))(?:\[(?P<key>[^=\]]+)=(?P<value>[^\]]*)\])?")

_UNSPEAKABLE = re.compile(r'[\x00-\x1f\\"]')


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """Of a list, the element whose `key` has this value."""

    key: str
    value: str | int | bool

    def matches(self, element: object) -> bool:
        """Is this the element?"""
        if not isinstance(element, dict):
            msg = f"the list holds {kind(element)} where an object was expected"
            raise ValueError(msg)
        found = element.get(self.key)
        return found == self.value and isinstance(found, bool) == isinstance(self.value, bool)


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """One step down: a member, and of its list one element if `pick` is given."""

    name: str
    pick: Pick | None = None


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """The way from the record to a value."""

    segments: tuple[Segment, ...]

    @property
    def top(self) -> str:
        """The system's own field."""
        return self.segments[0].name

    @property
    def is_flat(self) -> bool:
        """Is the value the system's field itself?"""
        return len(self.segments) == 1 and self.segments[0].pick is None

    @property
    def picked_list(self) -> tuple[Segment, ...]:
        """The segments down to the list from which an element is picked; none where nothing is picked."""
        for index, segment in enumerate(self.segments):
            if segment.pick is not None:
                return (*self.segments[:index], Segment(name=segment.name))
        return ()

    def crosses(self, other: Path) -> bool:
        """Would writing both write one value twice?"""
        for mine, its in zip(self.segments, other.segments, strict=False):
            if mine.name != its.name:
                return False
            if mine.pick != its.pick:
                return mine.pick is None or its.pick is None or mine.pick.key != its.pick.key
        return True

    def below_top(self, value: object) -> object:
        """The value, from that of the top field; null below null, absent below absent."""
        first, *rest = self.segments
        value = _picked(value, first.pick)
        for segment in rest:
            if value is None or value is UNSET:
                return value
            if not isinstance(value, dict):
                msg = f"this is {kind(value)} where an object with `{segment.name}` was expected"
                raise ValueError(msg)
            value = _picked(value.get(segment.name, UNSET), segment.pick)
        return value

    def set(self, record: dict[str, object], value: object) -> None:
        """Put the value into the record, making what is missing on the way."""
        target = record
        for segment in self.segments[:-1]:
            target = _entered(target, segment)
        last = self.segments[-1]
        target[last.name] = value

    def __str__(self) -> str:
        """As it is written in a mapping."""
        return ".".join(_written(segment) for segment in self.segments)


def parse_path(text: str) -> Path:
    """The path in `text`; SetupError where it is none."""
    segments: list[Segment] = []
    start = 0
    while True:
        match = _SEGMENT.match(text, start)
        if match is None:
            break
        segments.append(_segment(match))
        start = match.end()
        if start == len(text):
            return _checked(Path(segments=tuple(segments)), text)
        if text[start] != ".":
            break
        start += 1
    msg = f"`{text}` is not a path, from position {start + 1} on."
    raise SetupError(
        msg,
        cure="Write names with dots between them; of a list pick an element by a key: addresses[kind=billing].street.",
    )


def prune(record: Mapping[str, object], path: Path) -> None:
    """Drop the elements of the picked list that say nothing but their key."""
    target: object = record
    for segment in path.picked_list[:-1]:
        target = target[segment.name] if isinstance(target, dict) and segment.name in target else None
    name = path.picked_list[-1].name
    key = next(segment.pick.key for segment in path.segments if segment.pick is not None)
    if isinstance(target, dict) and name in target:
        target[name] = [
            element for element in target[name] if any(element[own] not in (None, "") for own in element if own != key)
        ]


def _checked(path: Path, text: str) -> Path:
    if any(_UNSPEAKABLE.search(segment.name) for segment in path.segments):
        msg = f"`{text!r}` holds a control character, a quote or a backslash."
        raise SetupError(msg, cure="Ask the connector to rename that field.")
    if path.segments[-1].pick is not None:
        msg = f"`{text}` ends at a whole element of a list."
        raise SetupError(msg, cure="Add the member to carry, such as `.street`.")
    return path


def _segment(match: re.Match[str]) -> Segment:
    name = match["odd"] or match["name"]
    if match["key"] is None:
        return Segment(name=name)
    written = match["value"]
    bare = written.strip("\"'")
    value = Literal(text=bare, quoted=bare != written, at=match.start("value") + 1).value
    return Segment(name=name, pick=Pick(key=match["key"].strip(), value=value))


def _written(segment: Segment) -> str:
    name = f"`{segment.name}`" if re.search(r"[\s.\[\]()|,:~\"']", segment.name) else segment.name
    return name if segment.pick is None else f"{name}[{segment.pick.key}={segment.pick.value}]"


def _picked(value: object, pick: Pick | None) -> object:
    if pick is None or value is None or value is UNSET:
        return value
    if not isinstance(value, list):
        msg = f"this is {kind(value)} where a list was expected"
        raise ValueError(msg)
    return next((element for element in value if pick.matches(element)), None)


def _entered(target: dict[str, object], segment: Segment) -> dict[str, object]:
    # mappings whose paths cross (`a` and `a.b`) are refused when they are compiled: what is here was made here
    if segment.pick is None:
        return cast("dict[str, object]", target.setdefault(segment.name, {}))
    elements = cast("list[dict[str, object]]", target.setdefault(segment.name, []))
    for element in elements:
        if segment.pick.matches(element):
            return element
    elements.append({segment.pick.key: segment.pick.value})
    return elements[-1]
