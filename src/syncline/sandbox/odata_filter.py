"""The part of OData's filters that the SCM understands: comparisons, three text functions, `and`, `or`, `not`, ( ).

Read into a small tree, so that a list can see which keys or which times of change are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from syncline.sandbox.scm_words import Property
from syncline.sandbox.state import Fields
from syncline.sandbox.wording import Refusal

_LONGEST = 8_000  #: of a filter [characters]
_DEEPEST = 40  #: parentheses inside each other
_WORD = re.compile(
    r"\s*(?:(?P<mark>[(),])|'(?P<text>(?:[^']|'')*)'|(?P<plain>[^\s()',]+))",
)
_COMPARE: Mapping[str, Callable[[object, object], bool]] = {
    "gt": lambda one, two: one > two,  # type: ignore[operator]  # both were made alike
    "ge": lambda one, two: one >= two,  # type: ignore[operator]  # see above
    "lt": lambda one, two: one < two,  # type: ignore[operator]  # see above
    "le": lambda one, two: one <= two,  # type: ignore[operator]  # see above
}
_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda one, two: two in one,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A property against a value; `verb` is a comparison or a function."""

    name: str
    verb: str
    value: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Several filters of which all (`and`), one (`or`) or none (`not`) must hold."""

    how: str
    parts: Sequence[Filter]


Filter: TypeAlias = Test | Joined


def read_filter(text: str, properties: Mapping[str, Property]) -> Filter:
    """Read a filter; refuse what the service does not understand."""
    if len(text) > _LONGEST:
        raise _wrong("it is too long")
    return _Parser(text, properties).whole()


def holds(tree: Filter, row: Fields, properties: Mapping[str, Property]) -> bool:
    """Does the filter hold for this record?"""
    if isinstance(tree, Joined):
        found = (holds(part, row, properties) for part in tree.parts)
        return all(found) if tree.how == "and" else any(found) if tree.how == "or" else not any(found)
    shown = comparable(row[tree.name], properties[tree.name])
    if tree.verb in {"eq", "ne"}:
        return (shown == tree.value) is (tree.verb == "eq")
    if shown is None or tree.value is None:
        return False
    if tree.verb in _FUNCTIONS:
        return _FUNCTIONS[tree.verb](str(shown), str(tree.value))
    return _COMPARE[tree.verb](shown, tree.value)


def since(tree: Filter | None, name: str) -> object:
    """The lower bound that the filter sets for a property; None where it sets none."""
    if isinstance(tree, Joined):
        bounds = [since(part, name) for part in tree.parts] if tree.how == "and" else []
        return next((bound for bound in bounds if bound is not None), None)
    return tree.value if tree is not None and tree.name == name and tree.verb in {"ge", "gt"} else None


def wanted(tree: Filter | None, names: Sequence[str]) -> list[Sequence[object]] | None:
    """The keys that the filter names, all of them, as an `or` of equalities; None where it names no keys."""
    if isinstance(tree, Joined) and tree.how == "or":
        found: list[Sequence[object]] = []
        for part in tree.parts:
            keys = wanted(part, names)
            if keys is None:
                return None
            found += keys
        return found
    parts = tree.parts if isinstance(tree, Joined) and tree.how == "and" else [tree]
    tests = [part for part in parts if isinstance(part, Test) and part.verb == "eq"]
    values = {part.name: part.value for part in tests if part.name in names}
    return [[values[name] for name in names]] if len(values) == len(names) else None


def comparable(value: object, described: Property) -> object:
    """A value as something that has an order.

    Raises:
        ValueError: It is no value of this type.
    """
    if value is None:
        return None
    if described.type == "Edm.DateTimeOffset":
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment
    if described.type in {"Edm.Decimal", "Edm.Int32"}:
        return Decimal(str(value))
    return value


class _Parser:
    def __init__(self, text: str, properties: Mapping[str, Property]) -> None:
        self._properties = properties
        self._words: list[tuple[str, str]] = []
        self._depth = 0
        place, text = 0, text.rstrip()
        while place < len(text):
            found = _WORD.match(text, place)
            if found is None or not found.lastgroup:
                raise _wrong("a text has no end")
            place = found.end()
            self._words.append((found.lastgroup, found[found.lastgroup]))

    def whole(self) -> Filter:
        found = self._either()
        if self._words:
            raise _wrong(f"nothing is expected before {self._words[0][1]}")
        return found

    def _either(self) -> Filter:
        parts = [self._both()]
        while self._take("plain", "or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Joined(how="or", parts=parts)

    def _both(self) -> Filter:
        parts = [self._single()]
        while self._take("plain", "and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Joined(how="and", parts=parts)

    def _single(self) -> Filter:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _wrong("it is nested too deep")
        try:
            if self._take("plain", "not"):
                return Joined(how="not", parts=[self._single()])
            if self._take("mark", "("):
                inner = self._either()
                self._need(")")
                return inner
            return self._test()
        finally:
            self._depth -= 1

    def _test(self) -> Filter:
        kind, name = self._next()
        if kind == "plain" and name in _FUNCTIONS:
            self._need("(")
            verb, (_, name) = name, self._next()
            self._need(",")
            found = Test(name=name, verb=verb, value=self._value(name))
            self._need(")")
            return found
        _, verb = self._next()
        if verb not in {"eq", "ne", *_COMPARE}:
            raise _wrong(f"{verb} is no comparison")
        return Test(name=name, verb=verb, value=self._value(name))

    def _value(self, name: str) -> object:
        described = self._properties.get(name)
        if described is None:
            raise _wrong(f"there is no property {name}")
        kind, text = self._next()
        if kind == "plain" and text == "null":
            return None
        if (kind == "text") is not (described.type == "Edm.String"):
            raise _wrong(f"{text} is no {described.type}")
        if described.type == "Edm.Boolean":
            return text == "true"
        try:
            return comparable(text.replace("''", "'"), described)
        except (ValueError, InvalidOperation):
            raise _wrong(f"{text} is no {described.type}") from None

    def _next(self) -> tuple[str, str]:
        if not self._words:
            raise _wrong("it ends too early")
        return self._words.pop(0)

    def _need(self, mark: str) -> None:
        if not self._take("mark", mark):
            raise _wrong(f"{mark} is expected")

    def _take(self, kind: str, word: str) -> bool:
        if self._words and self._words[0] == (kind, word):
            del self._words[0]
            return True
        return False


def _wrong(why: str) -> Refusal:
    return Refusal(400, "400", f"This $filter is not understood: {why}")
