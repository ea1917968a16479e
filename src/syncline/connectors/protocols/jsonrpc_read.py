"""Reading through a JSON-RPC service: lists by offset or cursor, gets and searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from syncline.connectors.protocols.jsonrpc_call import Asked, Call
from syncline.connectors.protocols.jsonrpc_options import Fetching, Listed
from syncline.connectors.protocols.jsonrpc_params import Values, can_be_key, key_as, named
from syncline.connectors.protocols.paths import find, text_of
from syncline.connectors.protocols.rest_page import Listing, Reader, raw_at
from syncline.connectors.protocols.scanning import Clocks, Fetched, Scan, offset_after, offset_of
from syncline.connectors.protocols.stamps import written
from syncline.errors import RejectedError, SetupError, TransientError
from syncline.model.page import Cursor, Gone, Page, Record


class Reading:
    """The reading half of one resource."""

    def __init__(self, *, call: Call, reader: Reader, clocks: Clocks) -> None:
        self._call = call
        self._api = call.api
        self._reader = reader
        self._clocks = clocks

    # --- lists ----------------------------------------------------------------

    def pages(self, since: Cursor | None) -> Iterator[Page]:
        """The list, page by page; see the port for what it promises."""
        return Scan(self._fetch, self._clocks, since, f"{self._api.system}.{self._call.name}")

    def sample(self) -> Sequence[bytes]:
        """The records of the first page."""
        return self._fetch("", 0).page.raws

    def _fetch(self, place: str, from_stamp: int) -> Fetched:
        resource = self._call.resource
        since, lower = resource.since, self._clocks.lower(from_stamp)
        operation, values = resource.list, self._values(place)
        if since and since.list and lower:
            operation, values = since.list, {**values, "since": written(lower, since.format)}
        result, asked = self._asked(operation, values)
        listing = self._listing(operation, result)
        page = Page(
            keys=listing.keys, raws=listing.raws, versions=listing.versions, stamps=listing.stamps,
            tombstones=listing.tombstones, broken=listing.broken,
        )  # fmt: skip
        following = self._after(place, result, len(listing.landing.keys))
        assert asked.response is not None  # noqa: S101  a result came in one
        return Fetched(page=page, answer=asked.response, newest=listing.newest, next=following)

    def _values(self, place: str) -> dict[str, object]:
        paging = self._call.resource.paging
        if paging.type == "offset":
            return {"size": paging.size, "offset": offset_of(place)[0]}
        if paging.type == "cursor":
            return {"size": paging.size, "cursor": place or None}
        return {}

    def _after(self, place: str, result: bytes, rows: int) -> str:
        """Where the next page is; TransientError when the list ends before its end."""
        paging = self._call.resource.paging
        if paging.type == "none":
            return ""
        if paging.type == "cursor":
            return text_of(msgspec.json.decode(raw_at(result, paging.next) or b"null"))
        total = msgspec.json.decode(raw_at(result, paging.total) or b"null") if paging.total else None
        return offset_after(place, rows, total, f"{self._api.system}.{self._call.name}")

    def _asked(self, operation: Listed, values: Values) -> tuple[bytes, Asked]:
        asked = self._api.read([(operation, values)])[0]
        return self._api.result(asked, self._call.setting), asked

    def _listing(self, operation: Listed | Fetching, result: bytes) -> Listing:
        try:
            listing = self._reader.listing(raw_at(result, operation.rows) or b"null", "")
        except ValueError:
            listing = None
        if listing is None:
            where = operation.rows or "its top"
            msg = f"{self._api.system}.{self._call.name}: the result has no list at {where}."
            raise TransientError(msg, cure=f"If it lasts, check {self._call.setting}: rows.")
        return listing

    # --- gets -------------------------------------------------------------------

    def get(self, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records as they are now, several in each request where the service lets us."""
        fetching, kind = self._call.resource.get, self._call.resource.key_type
        if fetching is None:
            msg = f"{self._api.system}.{self._call.name} cannot be read by key."
            raise SetupError(msg, cure=f"Configure {self._call.setting}.get.")
        wanted = [key for key in dict.fromkeys(keys) if can_be_key(kind, key)]
        if "keys" in named(fetching.params):
            found = self._several(fetching, wanted)
        else:
            asked = self._api.read([(fetching, {"key": key_as(kind, key)}) for key in wanted])
            found = {key: self._one(key, fetching, one) for key, one in zip(wanted, asked, strict=True)}
        return [found.get(key) or Gone(key=key) for key in keys]

    def _several(self, fetching: Fetching, wanted: Sequence[str]) -> dict[str, Record | Gone]:
        kind, size = self._call.resource.key_type, max(1, fetching.size)
        parts = [wanted[start : start + size] for start in range(0, len(wanted), size)]
        asked = self._api.read([(fetching, {"keys": [key_as(kind, key) for key in part]}) for part in parts])
        found: dict[str, Record | Gone] = {key: Gone(key=key) for key in wanted}
        for one in asked:
            listing = self._listing(fetching, self._api.result(one, f"{self._call.setting}.get"))
            for key, reason in listing.broken:
                if key in found:
                    raise self._unfit(key, reason)
            found |= {key: self._told(key, raw) for key, raw in zip(listing.keys, listing.raws, strict=True)}
        return found

    def _one(self, key: str, fetching: Fetching, asked: Asked) -> Record | Gone:
        answer = asked.answer
        if answer is not None and answer.fate == "gone":
            return Gone(key=key)
        if answer is not None and answer.fate == "refused":
            msg = f"{self._api.system} refused to show {self._call.name} {key}: {self._api.said(answer)}."
            raise RejectedError(msg)
        raw = raw_at(self._api.result(asked, f"{self._call.setting}.get"), fetching.record)
        if raw is None or raw == b"null":
            if fetching.missing == "gone":
                return Gone(key=key)
            msg = f"{self._api.system} shows nothing for {self._call.name} {key}."
            raise TransientError(msg, cure=f"If that means deleted, set {self._call.setting}.get.missing to gone.")
        return self._told(key, raw)

    def _told(self, key: str, raw: bytes) -> Record | Gone:
        if reason := self._reader.unfit(raw):
            raise self._unfit(key, reason)
        try:
            record = self._reader.record(raw)
        except ValueError:
            msg = f"{self._api.system} shows {self._call.name} {key} without its key."
            raise TransientError(msg, cure=f"If it lasts, check {self._call.setting}: key and get.") from None
        is_gone = record.key != key or self._reader.is_gone(raw) or self._is_tombstone(raw)
        return Gone(key=key) if is_gone else record

    def _unfit(self, key: str, reason: str) -> RejectedError:
        msg = f"{self._api.system} shows {self._call.name} {key} as a record that is {reason}."
        return RejectedError(msg, cure=f"Correct it in {self._api.system}.")

    def _is_tombstone(self, raw: bytes) -> bool:
        flag = self._call.resource.tombstones
        return flag is not None and flag.holds(find(msgspec.json.decode(raw), flag.field))

    # --- searches -----------------------------------------------------------------

    def search(self, field: str, value: str) -> Sequence[Record]:
        """Records whose `field` equals `value`; "" is the marker. Letter case counts for the marker only."""
        resource = self._call.resource
        marker = resource.marker
        operation = resource.search.get(field) if field else marker.search if marker else None
        if operation is None:
            msg = f"{self._api.system}.{self._call.name} cannot be searched by {field or 'the marker'}."
            raise SetupError(msg, cure=f"Configure {self._call.setting}.{'search' if field else 'marker.search'}.")
        name = field or (marker.field if marker else "")
        listing = self._listing(operation, self._asked(operation, {"value": value})[0])
        if listing.broken:  # it may be the one that is sought, and must not pass for nowhere to be found
            raise self._unfit(*listing.broken[0])
        wanted = value.strip().casefold() if field else value
        found: list[Record] = []
        for raw in listing.raws:
            shown = text_of(find(msgspec.json.decode(raw), name))
            if (shown.strip().casefold() if field else shown) == wanted:
                found.append(self._reader.record(raw))
        return found
