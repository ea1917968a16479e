"""Lists of the SCM: pages with their links, filters, and what has changed behind a delta link.

Pages go on behind the last record, so that nothing hides when records come and go. A list is in the order of changes,
or of the keys when `$orderby` says so; it can be sorted by nothing else.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import msgspec

from syncline.sandbox.odata_filter import Filter, Test, holds, read_filter, since, wanted
from syncline.sandbox.scm import Scm
from syncline.sandbox.scm_words import EntitySet, key_of
from syncline.sandbox.state import Key, Row, encode
from syncline.sandbox.wording import Refusal

PAGE = 100  #: records of a page; who asks for more gets so many
_LINK_LIFE_MS = 86_400_000  #: how long a delta link is known
_HUGE = 1 << 62
_KNOWN = frozenset({"$filter", "$select", "$expand", "$orderby", "$top", "$count", "$skiptoken", "$deltatoken"})

Place: TypeAlias = tuple[int, Key]  #: in the order of changes; in the order of keys the first is 0
Source: TypeAlias = Callable[[Place, int], list[Row]]  #: behind a place, at most so many


class Token(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on. Sent to and fro as text that only this service reads."""

    place: Place
    left: int = -1  #: of `$top`; -1: everything
    horizon: int = -1  #: the changes that a tracked list began with; -1: it is not tracked
    is_delta: bool = False
    issued: int = 0  #: ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page."""

    rows: Sequence[Row]
    next: str = ""  #: token of the next page
    delta: str = ""  #: token of the changes that come
    count: int | None = None


def listed(scm: Scm, described: EntitySet, query: Mapping[str, str], prefer: str) -> Listed:
    """Answer a list, or one page of it."""
    if strange := [name for name in query if name.startswith("$") and name not in _KNOWN]:
        raise Refusal(501, "501", f"{strange[0]} is not supported")
    tree = read_filter(query["$filter"], described.properties) if query.get("$filter") else None
    if "$deltatoken" in query:
        return _changes(scm, described, _read(query["$deltatoken"]), prefer)
    if "$skiptoken" in query:
        token = _read(query["$skiptoken"])
        if token.is_delta:
            return _changes(scm, described, token, prefer)
    else:
        token = _begun(scm, tree, query, prefer)
    named = _named(scm, described, tree)
    if named is not None:
        return Listed(rows=[row for row in named if _shown(row, tree, described)])
    return _page(scm, described, tree, token, query, prefer)


def _named(scm: Scm, described: EntitySet, tree: Filter | None) -> Sequence[Row] | None:
    """The records that a filter names by their keys or by what they are known under; None: the list is walked."""
    keys = wanted(tree, described.keys)
    if keys is not None:
        return scm.state.get_many(described.name, [key_of(key) for key in keys])
    if isinstance(tree, Test) and tree.verb == "eq" and tree.name in described.table.lookups and tree.value:
        return scm.state.search(described.name, tree.name, str(tree.value))
    return None


def _page(
    scm: Scm, described: EntitySet, tree: Filter | None, token: Token, query: Mapping[str, str], prefer: str
) -> Listed:
    """The next page of a list that is walked through."""
    source, place_of = _source(scm, described, query.get("$orderby", ""))
    size = _size(prefer)
    size = size if token.left < 0 else min(size, token.left)
    rows, place, more = _walk(source, token.place, size, place_of, lambda row: _shown(row, tree, described))
    left = token.left - len(rows) if token.left >= 0 else -1
    counted = _counted(scm, described, tree) if query.get("$count") == "true" and "$skiptoken" not in query else None
    if more and left != 0:
        return Listed(rows=rows, next=_token(Token(place, left, token.horizon)), count=counted)
    delta = ""
    if token.horizon >= 0:
        delta = _token(Token((token.horizon, ""), is_delta=True, issued=scm.state.clock.now_ms()))
    return Listed(rows=rows, delta=delta, count=counted)


def _changes(scm: Scm, described: EntitySet, token: Token, prefer: str) -> Listed:
    """What has changed since a delta link was given, the deleted too."""
    if scm.state.clock.now_ms() - token.issued > _LINK_LIFE_MS:
        raise Refusal(410, "410", "This delta link is no longer known")
    horizon = scm.horizon()  # before reading: what comes meanwhile comes again with the next link
    first = token.place if token.place[1] else (token.place[0] + 1, "")
    source, place_of = _source(scm, described, "")
    rows, place, more = _walk(source, first, _size(prefer), place_of, lambda _: True)
    if more:
        return Listed(rows=rows, next=_token(Token(place, is_delta=True, issued=token.issued)))
    issued = scm.state.clock.now_ms()
    behind = (max(horizon, token.place[0]), "")
    return Listed(rows=rows, delta=_token(Token(behind, is_delta=True, issued=issued)))


def _begun(scm: Scm, tree: Filter | None, query: Mapping[str, str], prefer: str) -> Token:
    top = query.get("$top", "")
    if top and not (top.isdecimal() and len(top) < 10):  # noqa: PLR2004 - a number that fits
        raise Refusal(400, "400", "$top must be a whole number")
    tracked = "track-changes" in prefer and tree is None and not query.get("$orderby")
    bound = None if query.get("$orderby") else since(tree, "LastChanged")
    first = round(bound.timestamp() * 1000) if isinstance(bound, datetime) else 0
    # A change is never before the time that it shows.
    return Token((first, ""), int(top) if top else -1, scm.horizon() if tracked else -1)


def _source(scm: Scm, described: EntitySet, order: str) -> tuple[Source, Callable[[Row], Place]]:
    """How the list is walked through, and where a row stands in it."""
    state, name = scm.state, described.name
    by = [one.strip().removesuffix(" asc") for one in order.split(",") if one.strip()]
    if by == list(described.keys):
        return lambda place, limit: state.page_by_key(name, place[1], limit), lambda row: (0, row.key)
    if by not in ([], ["LastChanged"]):
        raise Refusal(501, "501", f"$orderby: only {','.join(described.keys)} or LastChanged")
    return lambda place, limit: state.page_by_change(name, place, limit), lambda row: (row.changed, row.key)


def _walk(
    source: Source, place: Place, size: int, place_of: Callable[[Row], Place], fits: Callable[[Row], bool]
) -> tuple[list[Row], Place, bool]:
    """The next rows that fit, where they end, and whether there may be more."""
    found: list[Row] = []
    while True:
        rows = source(place, PAGE + 1)
        for row in rows:
            if len(found) == size:
                return found, place, True
            place = place_of(row)
            if fits(row):
                found.append(row)
        if len(rows) <= PAGE:
            return found, place, False


def _shown(row: Row, tree: Filter | None, described: EntitySet) -> bool:
    return row.listed and (tree is None or holds(tree, row.fields(), described.properties))


def _counted(scm: Scm, described: EntitySet, tree: Filter | None) -> int:
    if tree is None:
        return scm.state.count(described.name, everything=False)
    source, place_of = _source(scm, described, "")
    most = scm.state.count(described.name)
    return len(_walk(source, (0, ""), most + 1, place_of, lambda row: _shown(row, tree, described))[0])


def _size(prefer: str) -> int:
    """How many records a page may have: what is asked for, as far as the service goes along."""
    _, _, asked = prefer.partition("maxpagesize=")
    digits = asked.partition(",")[0].strip()
    return min(PAGE, max(1, int(digits))) if digits.isdecimal() and len(digits) < 10 else PAGE  # noqa: PLR2004


def _token(token: Token) -> str:
    return base64.urlsafe_b64encode(encode(token)).decode().rstrip("=")


def _read(text: str) -> Token:
    try:
        body = base64.urlsafe_b64decode(f"{text}==")
        token = msgspec.json.decode(body, type=Token)
    except (msgspec.DecodeError, ValueError, binascii.Error):
        raise Refusal(400, "400", "This is no link of this service") from None
    if not -_HUGE < token.place[0] < _HUGE:
        raise Refusal(400, "400", "This is no link of this service")
    return token
