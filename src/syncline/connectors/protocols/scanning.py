"""Going through a list page by page, for protocols whose lists come in no order of change.

The cursor is known at the end only, and is never later than the start of the scan: a record behind us may have changed
while we walked on. A page that failed is asked for again, since the place moves only once a page is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from syncline.connectors.protocols.request import Response
from syncline.connectors.protocols.stamps import SECOND, micros
from syncline.connectors.protocols.verdict import date_of
from syncline.env import Env
from syncline.errors import TransientError
from syncline.model.contract import Contract
from syncline.model.page import Cursor, Page

_FURTHEST = 86_400 * SECOND  #: no clock is further ahead of ours [µs]


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a scan, and where the next one is."""

    page: Page
    answer: Response
    newest: int = 0  #: greatest stamp on it [µs]
    next: str = ""  #: place of the next page; "": this was the last
    token: str = ""  #: by which the system knows how far it was read, on the last page


#: The page at a place; "" is the beginning, from a stamp [µs] or from 0 for all.
Fetch = Callable[[str, int], Fetched]


class Clocks(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract's times mean for a scan."""

    contract: Contract
    env: Env

    def lower(self, stamp: int) -> int:
        """Where to read from so that nothing is left out: a stamp less the overlap; 0 for everything."""
        contract = self.contract
        return max(0, stamp - round((contract.lag + contract.precision + contract.skew) * SECOND)) if stamp else 0

    def of(self, answer: Response) -> int:
        """The system's time at the answer; ours, less the skew, where it does not show it."""
        date = date_of(answer.headers)
        return micros(date) if date else micros(self.env.now()) - self.skew

    @property
    def skew(self) -> int:
        """How far the system's clock may be off [µs]."""
        return round(self.contract.skew * SECOND)


def begin_at(since: Cursor | None, contract: Contract, env: Env) -> int:
    """The stamp from which to read [µs]; 0 for everything. A time that cannot be is never asked for: some refuse it."""
    if since is None or not contract.incremental:
        return 0
    return min(since.stamp, micros(env.now()) + _FURTHEST)


def offset_of(place: str) -> tuple[int, int]:
    """The offset of a page, and how many records there were at the page before; 0 where nobody said.

    >>> offset_of("20/57"), offset_of("")
    ((20, 57), (0, 0))
    """
    offset, _, total = place.partition("/")
    return int(offset or 0), int(total or 0)


def offset_after(place: str, rows: int, total: object, where: str) -> str:
    """Where the page after one with so many rows is; "" at the end. TransientError when the list ends before its end.

    >>> offset_after("20/57", 20, 57, "erp.orders"), offset_after("40/57", 17, 57, "erp.orders")
    ('40/57', '')
    >>> offset_after("20/57", 20, 54, "erp.orders")
    '17/54'
    """
    offset, before = offset_of(place)
    seen = offset + rows
    if not isinstance(total, int):
        return str(seen) if rows else ""
    fewer = max(0, before - total)
    if rows == 0 and seen < total and not fewer:
        msg = f"{where} ended before its end: {seen} of {total} records came."
        raise TransientError(msg)
    # Those that are gone may have stood before this page: then as many have moved up past its beginning, unseen.
    onwards = max(0, offset - fewer) if fewer else seen
    return "" if onwards >= total else f"{onwards}/{total}"


class Scan:
    """One scan, as the port's `list` hands it out."""

    def __init__(self, fetch: Fetch, clocks: Clocks, since: Cursor | None, where: str) -> None:
        self._fetch = fetch
        self._clocks = clocks
        self._where = where  #: system and resource, for messages
        self._from = self._newest = begin_at(since, clocks.contract, clocks.env)
        self._place: str | None = since.token if since else ""
        self._seen: set[str] = set()
        self._started: int | None = None

    def __iter__(self) -> Scan:
        """Itself."""
        return self

    def __next__(self) -> Page:
        """The next page."""
        if self._place is None:
            raise StopIteration
        fetched = self._fetch(self._place, self._from)
        if self._started is None:
            now = self._clocks.of(fetched.answer)
            if self._from > now + self._clocks.skew:  # a cursor from a wrong clock would hide what changes until then
                self._from = self._newest = now
                fetched = self._fetch(self._place, now)
            self._started = now
        if fetched.next:
            if fetched.next in self._seen:
                msg = f"{self._where} turns in circles: the same next page was named twice."
                raise TransientError(msg)
            self._seen.add(fetched.next)
        self._place = fetched.next or None
        self._newest = max(self._newest, fetched.newest)
        return msgspec.structs.replace(fetched.page, cursor=self._cursor(fetched.token))

    def _cursor(self, token: str) -> Cursor | None:
        if self._place is not None or not self._clocks.contract.incremental or not (self._newest or token):
            return None
        return Cursor(stamp=min(self._newest, self._started or 0), token=token)


def newest(stamps: Sequence[int] | None) -> int:
    """The greatest of a column, 0 of none."""
    return max(stamps, default=0) if stamps else 0
