"""How a list goes on to its next page, and the proof that it came to its end: a loop or a short scan raises."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from syncline.connectors.protocols.paths import find, text_of
from syncline.errors import TransientError

_NEXT = r'(?i)<([^>]*)>[^,]*?;\s*rel="?next"?(?=[\s;,]|$)'


class PagingOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the system divides a list."""

    type: Literal["none", "page", "offset", "cursor", "keyset", "link", "next-url"] = "none"
    param: str = ""  #: of the page number, the offset or the cursor
    size_param: str = ""
    size: int = 0  #: records to ask for; 0: as the system likes
    start: int = 1  #: number of the first page
    next: str = ""  #: where an answer shows the next cursor or URL
    pages: str = ""  #: where an answer shows the number of pages
    total: str = ""  #: where an answer shows the number of records
    more: str = ""  #: where an answer says whether there is more
    params: Mapping[str, str] = {}  #: keyset: parameter -> field of the last record that it takes

    def problems(self) -> Iterator[str]:
        """What is missing for this type."""
        if self.type in {"page", "offset", "cursor"} and not self.param:
            yield f"param is missing: paging of type {self.type} needs it."
        if self.type in {"cursor", "next-url"} and not self.next:
            yield f"next is missing: say where the answer of a list shows the next {self.type.removeprefix('next-')}."
        if self.type == "keyset" and not self.params:
            yield "params is missing: say which parameters take which fields of the last record."
        if self.size and not self.size_param and self.type != "none":
            yield "size_param is missing: say which parameter takes the size."


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a page is to be had."""

    query: Sequence[tuple[str, str]] = ()
    url: str = ""  #: replaces path and query of the list


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says about the way on."""

    keys: Sequence[str]  #: of every row, deleted and broken ones too
    last: bytes = b""  #: the last row
    link: str = ""  #: the Link header
    next: object = None
    pages: object = None
    total: object = None
    more: object = None


class Walk:
    """One walk through a list, page by page."""

    def __init__(self, options: PagingOptions, where: str) -> None:
        self._options = options
        self._where = where  #: system and path, for messages
        self._number = options.start
        self._rows = 0
        self._widest = 0  #: rows of the longest page
        self._total: int | None = None  #: as the page before said
        self._seen: set[str] = set()
        self._keys: Sequence[str] = ()

    def first(self) -> Place:
        """Where the walk begins."""
        options = self._options
        if options.type == "page":
            return self._place((options.param, str(self._number)))
        if options.type == "offset":
            return self._place((options.param, "0"))
        return self._place()

    def after(self, page: Landing) -> Place | None:
        """Where the next page is; None at the end. TransientError when the list turns in circles or ends too soon."""
        if page.keys and page.keys == self._keys and self._options.type != "none":
            msg = f"{self._where} answers the same page again."
            raise TransientError(msg)
        self._keys = page.keys
        self._rows += len(page.keys)
        match self._options.type:
            case "none":
                return None
            case "page" | "offset":
                return self._counted(page)
            case "keyset":
                return self._behind(page)
            case "cursor":
                token = text_of(page.next)
                ends = not token or page.more is False
                return None if ends else self._place((self._options.param, self._new(token)))
        url = text_of(page.next) if self._options.type == "next-url" else next_link(page.link)
        return Place(url=self._new(url)) if url else None

    def _counted(self, page: Landing) -> Place | None:
        options = self._options
        before, self._total = self._total, page.total if isinstance(page.total, int) else None
        self._widest = max(self._widest, len(page.keys))
        if before is not None and self._total is not None and self._total < before:
            return self._back(before - self._total, self._rows - len(page.keys), self._total)
        number, self._number = self._number, self._number + 1
        if isinstance(page.pages, int) and number - options.start + 1 >= page.pages:
            return None
        if not page.keys:
            self._check_complete(page)
            return None
        if page.more is False or (isinstance(page.total, int) and self._rows >= page.total):
            return None
        return self._place((options.param, str(self._number if options.type == "page" else self._rows)))

    def _back(self, fewer: int, offset: int, total: int) -> Place | None:
        """What is gone may have stood before this page: as many rows have then moved up past its beginning, unseen."""
        options = self._options
        self._rows = max(0, offset - fewer)
        if options.type == "page":
            pages = -(-fewer // max(1, self._widest))
            self._number = max(options.start, self._number - pages)
            self._rows = (self._number - options.start) * self._widest
        if self._rows >= total:
            return None
        self._new(f"back to {self._rows} of {total}")
        return self._place((options.param, str(self._number if options.type == "page" else self._rows)))

    def _check_complete(self, page: Landing) -> None:
        expected = page.total if isinstance(page.total, int) else 0
        missing_pages = isinstance(page.pages, int) and self._number - self._options.start < page.pages
        if self._rows < expected or missing_pages or page.more is True:
            msg = f"{self._where} ended before its end: {self._rows} records came."
            raise TransientError(msg)

    def _behind(self, page: Landing) -> Place | None:
        if not page.keys or page.more is False:
            return None
        last = msgspec.json.decode(page.last)
        after = [(param, text_of(find(last, field))) for param, field in self._options.params.items()]
        self._new(repr(after))
        return self._place(*after)

    def _place(self, *query: tuple[str, str]) -> Place:
        options = self._options
        size = [(options.size_param, str(options.size))] if options.size and options.size_param else []
        return Place(query=[*size, *query])

    def _new(self, token: str) -> str:
        if token in self._seen:
            msg = f"{self._where} turns in circles: the same next page was named twice."
            raise TransientError(msg)
        self._seen.add(token)
        return token


def next_link(header: str) -> str:
    """The URL of rel="next" in a Link header (RFC 8288); "" where there is none.

    >>> next_link('</a?page=1>; rel="prev", </a?page=3>; rel="next"')
    '/a?page=3'
    """
    found = re.search(_NEXT, header)
    return found[1] if found else ""
