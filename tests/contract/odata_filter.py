"""A small part of OData's filters: comparisons of a property with a literal, `and`, `or` and parentheses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

Row = Mapping[str, object]
Test = Callable[[Row], bool]

_WORD = re.compile(
    r"\s*(?:(?P<mark>[()])"
    r"|(?P<typed>guid|datetimeoffset|datetime)'(?P<inner>[^']*)'"
    r"|'(?P<text>(?:[^']|'')*)'"
    r"|(?P<plain>[^\s()']+))"
)
_COMPARE: Mapping[str, Callable[[object, object], bool]] = {
    "eq": lambda one, two: one == two,
    "ne": lambda one, two: one != two,
    "gt": lambda one, two: one > two,
    "ge": lambda one, two: one >= two,
    "lt": lambda one, two: one < two,
}


class UnknownFilterError(Exception):
    """The filter is none, or more than this service understands."""


def filter_of(text: str, times: frozenset[str]) -> Test:
    """What the filter says of a row. Properties named in `times` are compared as instants written in one way."""
    return _Parser(text, times).whole()


class _Parser:
    def __init__(self, text: str, times: frozenset[str]) -> None:
        self._words: list[tuple[str, object]] = []
        self._times = times
        place = 0
        while place < len(text.rstrip()):
            found = _WORD.match(text, place)
            if found is None:
                raise UnknownFilterError(text)
            place = found.end()
            self._words.append(_read(found))

    def whole(self) -> Test:
        found = self._either()
        if self._words:
            raise UnknownFilterError("more than a filter")
        return found

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("plain", "or"):
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._take("plain", "and"):
            tests.append(self._single())
        return lambda row: all(test(row) for test in tests)

    def _single(self) -> Test:
        if self._take("mark", "("):
            inner = self._either()
            if not self._take("mark", ")"):
                raise UnknownFilterError("an open parenthesis")
            return inner
        if len(self._words) < 3:
            raise UnknownFilterError("half a comparison")
        (_, name), (_, verb), (_, value) = self._words[:3]
        del self._words[:3]
        compare = _COMPARE.get(str(verb))
        if compare is None:
            raise UnknownFilterError(str(verb))
        if name in self._times:
            value = str(value).removesuffix("Z")
            return lambda row: compare(str(row[str(name)])[: max(19, len(str(value)))].removesuffix("Z"), value)
        return lambda row: row.get(str(name)) is not None and compare(row[str(name)], _like(value, row[str(name)]))

    def _take(self, kind: str, word: str) -> bool:
        if self._words and self._words[0] == (kind, word):
            del self._words[0]
            return True
        return False


def _read(found: re.Match[str]) -> tuple[str, object]:
    if found["mark"]:
        return "mark", found["mark"]
    if found["typed"]:
        return "value", found["inner"]
    if found["text"] is not None:
        return "value", found["text"].replace("''", "'")
    return "plain", found["plain"]


def _like(value: object, shown: object) -> object:
    """The literal as the type of what it is compared with."""
    if isinstance(shown, bool):
        return value == "true"
    if isinstance(shown, int):
        return int(str(value).rstrip("L"))
    return Decimal(str(value).rstrip("M")) if isinstance(shown, Decimal) else value
