"""What goes over the HTTP wire and what comes back, as plain data that protocols build and read."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a system. `path` is below the system's URL, or an absolute URL of the same origin."""

    path: str
    method: str = "GET"
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    writes: bool = False  #: it may change the system: a lost answer is a doubt
    send_by: float | None = None  #: must not leave after this instant [monotonic s]
    keeps: Container[int] = ()  #: statuses whose meaning the protocol tells, whatever they mean elsewhere

    @property
    def place(self) -> str:
        """Method and path, without the query: safe to show."""
        return f"{self.method} {self.path.partition('?')[0]}"

    def __repr__(self) -> str:
        """The place alone: headers, query and body may hold secrets."""
        return f"Request({self.place})"


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """The system did what it was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004  the class of success in HTTP


class WireSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait, and how much to take."""

    connect: float = 10.0  #: to open a connection [s]
    read: float = 30.0  #: between two pieces of an answer [s]
    total: float = 60.0  #: for a whole exchange [s]
    response_limit: int = 64 * 1024 * 1024  #: of a body, unpacked [bytes]
    request_limit: int = 16 * 1024 * 1024  #: [bytes]
    ca_file: str = ""  #: certificates to trust instead of the machine's own
    headers: Mapping[str, str] = {}  #: of every request

    def __repr__(self) -> str:
        """The times alone: headers may hold secrets."""
        return f"WireSettings(total={self.total})"
