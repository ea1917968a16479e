"""The few things in which one database differs from another, so that every query is asked in one place.

Values are given by position, `?` in the SQL. A name that stands for a table of a type or stream is filled with `of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn, Protocol, cast

import xxhash

from syncline.errors import RejectedError, SetupError
from syncline.model.state import Stream

Row = tuple[Any, ...]

NOWHERE: Final = Stream("", "")
"""For queries without a table of a type or stream."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_LONGEST = 50  # PostgreSQL cuts a name after 63 bytes, and an index adds its own ending


class Session(Protocol):
    """One open connection to the database that holds the state."""

    def rows(self, name: str, values: Sequence[object] = (), of: Stream = NOWHERE) -> Sequence[Row]:
        """Run a named query; all its rows."""
        ...

    def page(self, name: str, rows: Iterable[Row], of: Stream = NOWHERE) -> None:
        """Run a named statement once for each row."""
        ...

    def texts(self, values: Sequence[str]) -> object:
        """What to bind where the SQL says {texts}; never of nothing."""
        ...

    def integers(self, values: Sequence[int]) -> object:
        """What to bind where the SQL says {integers}; never of nothing."""
        ...

    def script(self, sql: str) -> None:
        """Run several statements without values."""
        ...

    def is_new(self) -> bool:
        """Nothing has ever been stored here."""
        ...

    def begin(self) -> None:
        """Start the one transaction that may write."""
        ...

    def look(self) -> None:
        """Start a transaction that sees one moment, and may read alone."""
        ...

    def commit(self) -> None:
        """Make it durable."""
        ...

    def rollback(self) -> None:
        """Undo it; nothing happens where the database has already done so."""
        ...

    def close(self) -> None:
        """Let the database go."""
        ...


class _Ended:
    """Stands in for the session of a transaction that is over."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):  # tools look for these on everything that they meet
            raise AttributeError(name)
        raise SetupError("The transaction of the store has ended.", cure="Begin another one.")


ENDED: Final = cast("Session", _Ended())


def unkeepable(error: Exception) -> RejectedError:
    """A text with a null character or half a surrogate pair: nothing can store it."""
    msg = f"A key or a text cannot be stored ({error})."
    return RejectedError(msg, cure="Correct the record in its system.")


def check_names(stream: Stream) -> None:
    """Names become parts of tables' names, so only plain ones are let in."""
    for name in stream:
        if not _NAME.fullmatch(name):
            msg = f"{name!r} cannot name a system or an entity type."
            cure = "Use up to 41 lower-case letters, digits and underscores, a letter first."
            raise SetupError(msg, cure=cure)


def table_words(stream: Stream) -> dict[str, str]:
    """The quoted names of a stream's tables. A stream without a system has no links."""
    words = {}
    if stream.entity:
        check_names(Stream(stream.system or stream.entity, stream.entity))
        match = table_name("match", stream.entity)
        words = {"entity": _quote(table_name("entity", stream.entity)), "match": _quote(match)}
        words["match_eid"] = _quote(f"{match}$eid")
    if stream.system:
        link = table_name("link", f"{stream.system}${stream.entity}")
        words |= {"link": _quote(link), "link_delta": _quote(f"{link}$delta")}
    return words


def table_name(kind: str, name: str) -> str:
    """A name that no other type or stream can have; a long one ends in its hash."""
    full = f"{kind}_{name}"
    return full if len(full) <= _LONGEST else f"{full[: _LONGEST - 17]}${xxhash.xxh64_hexdigest(full.encode())}"


def _quote(name: str) -> str:
    return f'"{name}"'
