"""Every problem of a configuration at once, each at its place, with a cure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from syncline.errors import ConfigError, ConfigProblem, SetupError

Route = tuple[str | int, ...]


class Place(NamedTuple):
    """Where something is written; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """As editors understand it."""
        return f"{self.file}:{self.line}:{self.column}"


class Problems(msgspec.Struct, kw_only=True):
    """Collects problems; `values` and `keys` are the places that the reader fills in while it reads."""

    file: str  #: the first file, for what is written nowhere
    values: Mapping[Route, Place] = {}
    keys: Mapping[Route, Place] = {}
    found: list[ConfigProblem] = []

    def add(self, route: Route, what: str, cure: str = "") -> None:
        """A problem with the value at `route`, or with the nearest thing above it that is written."""
        self.add_at(self.place(route), what, cure)

    def add_key(self, route: Route, what: str, cure: str = "") -> None:
        """A problem with the key at the end of `route`."""
        self.add_at(self.keys.get(route) or self.place(route), what, cure)

    def add_at(self, place: Place, what: str, cure: str = "") -> None:
        """A problem at a known place."""
        problem = ConfigProblem(*place, what=what, cure=cure)
        if problem not in self.found:
            self.found.append(problem)

    def add_error(self, route: Route, error: SetupError) -> None:
        """What another package said about the value at `route`."""
        self.add(route, f"{named(route)}: {error.what}", error.cure)

    def place(self, route: Route) -> Place:
        """Where the value at `route` is written, or the nearest thing above it."""
        for end in range(len(route), -1, -1):
            if (found := self.values.get(route[:end])) is not None:
                return found
        return Place(self.file, 1, 1)

    def raise_any(self) -> None:
        """ConfigError with everything found, in the order of files and lines; nothing when there is none."""
        if self.found:
            raise ConfigError(sorted(self.found, key=lambda found: (found.file != self.file, *found[:3])))


def named(route: Route) -> str:
    """A route as people write it.

    >>> named(("flows", "orders", "match", 0))
    'flows.orders.match[0]'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in route)
    return text.removeprefix(".")


def suggestion(word: str, known: Iterable[str]) -> str:
    """A cure for a word that is not known: the nearest one, or all of them."""
    from difflib import get_close_matches  # noqa: PLC0415  only a mistake needs it

    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"Did you mean `{near[0]}`?"
    return f"Known: {', '.join(names)}." if names else ""
