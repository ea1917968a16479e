"""What stands in an element, in plain words: its parts in their order, their types, and which of them are lists. Pure.

An element whose type holds nothing but one repeated element is that list: `<lines><Line/><Line/></lines>`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from syncline.connectors.protocols.paths import Steps

#: Name of the text between the tags of an element that has attributes too.
CONTENT = "$"


_NUMBER = re.compile(r"\d{1,2}")


class Part(msgspec.Struct, kw_only=True):
    """One element below another."""

    name: str
    space: str  #: its namespace; "": none
    layout: Layout
    many: bool = False
    nillable: bool = False
    is_required: bool = False


class Layout(msgspec.Struct, kw_only=True, eq=False):
    """What stands in an element. A type may hold itself, so parts are filled in later."""

    kind: str = ""  #: of a value: text, integer, decimal, float, boolean, date, dateTime, ...; "": it has parts
    told: str = ""  #: the type's own name
    parts: dict[str, Part] = {}  #: name -> element, in the order of the schema
    attributes: dict[str, str] = {}  #: @name -> kind of its value
    content: str = ""  #: kind of the text of an element with attributes
    item: Part | None = None  #: the repeated element of a type that is a list of it
    lists: tuple[str, ...] = ()  #: names of repeated elements

    def fill(self, parts: dict[str, Part], attributes: dict[str, str], content: str) -> None:
        """Say what stands in it."""
        self.parts, self.attributes, self.content = parts, attributes, content
        only = next(iter(parts.values())) if len(parts) == 1 and not attributes and not content else None
        self.item = only if only and only.many else None
        self.lists = tuple(name for name, part in parts.items() if part.many)

    def kinds(self) -> Mapping[str, str]:
        """Field -> type, as the description tells it."""
        told = {name: _told(part) for name, part in self.parts.items()}
        return {**told, **self.attributes, **({CONTENT: self.content} if self.content else {})}


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The element of a request or an answer."""

    name: str
    space: str
    layout: Layout


def _told(part: Part) -> str:
    if part.many or part.layout.item:
        return "list"
    return part.layout.told if part.layout.kind else "object"


def at(layout: Layout, steps: Steps, *, numbered: bool = False) -> Part | Layout | None:
    """What is below, at this place; None where nothing is.

    Inside of a list nothing has a place, unless it is `numbered`: `criteria.0.value`.
    """
    found: Part | Layout = layout
    for step in steps:
        if numbered and _NUMBER.fullmatch(step):
            row = row_of(found)
            if row is None:
                return None
            found = row
            continue
        inner = found.layout if isinstance(found, Part) else found
        values = {**inner.attributes, **({CONTENT: inner.content} if inner.content else {})}
        if is_list(found) or not (step in inner.parts or step in values):
            return None
        found = inner.parts[step] if step in inner.parts else Layout(kind=values[step], told=values[step])
    return found


def is_list(found: Part | Layout) -> bool:
    """Do several stand there?"""
    return found.many or found.layout.item is not None if isinstance(found, Part) else found.item is not None


def row_of(found: Part | Layout) -> Layout | None:
    """What one of several looks like; None where it is no list."""
    if isinstance(found, Part):
        if found.many:
            return found.layout
        found = found.layout
    return found.item.layout if found.item else None


def inside(found: Part | Layout) -> Layout:
    """What stands in it."""
    return found.layout if isinstance(found, Part) else found
