"""Reading through a GraphQL API: lists by cursor or offset, gets and searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from syncline.connectors.protocols.graphql_call import Call
from syncline.connectors.protocols.graphql_document import Variables, alias
from syncline.connectors.protocols.graphql_options import Fetching, Listed
from syncline.connectors.protocols.graphql_reply import Error, Reply
from syncline.connectors.protocols.paths import Shape, find, steps_of, text_of
from syncline.connectors.protocols.request import Response
from syncline.connectors.protocols.rest_page import Reader, raw_at
from syncline.connectors.protocols.scanning import Clocks, Fetched, Scan, offset_after, offset_of
from syncline.connectors.protocols.stamps import written
from syncline.errors import RejectedError, SetupError, TransientError
from syncline.model.page import Cursor, Gone, Page, Record

_FIRST = alias(0)


class Reading:
    """The reading half of one resource."""

    def __init__(self, *, call: Call, reader: Reader, clocks: Clocks) -> None:
        self._call = call
        self._api = call.api
        self._reader = reader
        self._clocks = clocks
        self._shapes: dict[str, Shape] = {}

    # --- lists ----------------------------------------------------------------

    def pages(self, since: Cursor | None) -> Iterator[Page]:
        """The list, page by page; see the port for what it promises."""
        return Scan(self._fetch, self._clocks, since, f"{self._api.system}.{self._call.name}")

    def sample(self) -> Sequence[bytes]:
        """The records of the first page."""
        return self._fetch("", 0).page.raws

    def _fetch(self, place: str, from_stamp: int) -> Fetched:
        resource = self._call.resource
        reply, answer = self._asked(resource.list, self._variables(place, from_stamp))
        raws, spoiled = self._rows(resource.list, reply)
        listing = self._reader.listing(b"[" + b",".join(raws) + b"]", "")
        if listing is None:
            raise self._no_list()
        page = Page(
            keys=listing.keys,
            raws=listing.raws,
            versions=listing.versions,
            stamps=listing.stamps,
            tombstones=listing.tombstones,
            broken=[*listing.broken, *self._spoiled(spoiled)],
        )
        following = self._after(place, reply.data[_FIRST] or b"null", len(raws) + len(spoiled))
        return Fetched(page=page, answer=answer, newest=listing.newest, next=following)

    def _variables(self, place: str, from_stamp: int) -> Variables:
        resource = self._call.resource
        paging, since = resource.paging, resource.since
        values: dict[str, object] = {}
        if paging.type != "none":
            values[paging.size_variable] = paging.size
        if paging.type == "offset":
            values[paging.variable] = offset_of(place)[0]
        elif paging.type == "relay" and place:
            values[paging.variable] = place
        lower = self._clocks.lower(from_stamp)
        if since and since.variable and lower:
            values[since.variable] = written(lower, since.format)
        return values

    def _after(self, place: str, shown: bytes, rows: int) -> str:
        """Where the next page is; TransientError when the list ends before its end."""
        paging = self._call.resource.paging
        if paging.type == "none":
            return ""
        if paging.type == "relay":
            info = msgspec.json.decode(raw_at(shown, paging.info) or b"null")
            if find(info, "hasNextPage") is not True:
                return ""
            cursor = text_of(find(info, "endCursor"))
            if not cursor:
                msg = f"{self._api.system}.{self._call.name} has more and does not say where."
                raise TransientError(msg, cure=f"Check {self._call.setting}.paging.info.")
            return cursor
        total = msgspec.json.decode(raw_at(shown, paging.total) or b"null") if paging.total else None
        return offset_after(place, rows, total, f"{self._api.system}.{self._call.name}")

    def _asked(self, operation: Listed, values: Variables) -> tuple[Reply, Response]:
        """The reply to a list or search, which must have data."""
        request = self._api.request("query", operation, self._call.resource.fields, [values])
        reply, answer = self._api.asked([request])[0]
        if reply.data.get(_FIRST) is None:
            if reply.errors:
                raise self._api.failed_read(reply, reply.errors, self._call.setting)
            raise self._no_list()
        return reply, answer

    def _rows(self, operation: Listed, reply: Reply) -> tuple[list[bytes], list[tuple[bytes, Error]]]:
        """The records, and those that an error has spoiled: what it nulled would otherwise pass for the truth."""
        shown = raw_at(reply.data[_FIRST] or b"null", operation.rows)
        try:
            pieces = list(map(bytes, msgspec.json.decode(shown or b"null", type=list[msgspec.Raw])))
        except ValueError:
            raise self._no_list() from None
        depth = 1 + len(list(filter(None, operation.rows.split("."))))
        wrong: dict[int, Error] = {}
        for error in reply.errors:
            place = error.path[depth] if len(error.path) > depth else None
            if not isinstance(place, int):
                raise self._api.failed_read(reply, [error], self._call.setting)
            wrong[place] = error
        records = self._nodes(operation.node, pieces) if operation.node else pieces
        fine = [record for place, record in enumerate(records) if place not in wrong]
        return fine, [(records[place], error) for place, error in wrong.items() if place < len(records)]

    def _nodes(self, node: str, pieces: Sequence[bytes]) -> list[bytes]:
        """The records inside the rows; null where a row has none."""
        shape = self._shapes.get(node) or self._shapes.setdefault(node, Shape({"node": (node, msgspec.Raw)}))
        decode, read = msgspec.json.Decoder(shape.type).decode, shape.reads["node"]
        try:
            return [bytes(read(decode(piece)) or b"null") for piece in pieces]
        except ValueError:
            raise self._no_list() from None

    def _spoiled(self, found: Sequence[tuple[bytes, Error]]) -> Iterator[tuple[str, str]]:
        for raw, error in found:
            try:
                key = self._reader.record(raw).key
            except ValueError:
                key = f"#{'.'.join(map(str, error.path))}"
            yield key, self._api.said([error])

    def _no_list(self) -> TransientError:
        where = self._call.resource.list.rows or "its top"
        msg = f"{self._api.system}.{self._call.name}: the answer has no list at {where}."
        return TransientError(msg, cure=f"If it lasts, check {self._call.setting}.list.rows.")

    # --- gets -------------------------------------------------------------------

    def get(self, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records as they are now, some in each request under aliases."""
        fetching = self._call.resource.get
        if fetching is None:
            msg = f"{self._api.system}.{self._call.name} cannot be read by key."
            raise SetupError(msg, cure=f"Configure {self._call.setting}.get.")
        wanted = list(dict.fromkeys(keys))
        parts = [wanted[start : start + fetching.size] for start in range(0, len(wanted), fetching.size)]
        found: dict[str, Record | Gone] = {}
        alone: list[Sequence[str]] = []
        for part, (reply, _) in zip(parts, self._asked_for(parts, fetching), strict=True):
            is_busy = self._api.meaning.of(reply.errors) == "busy"
            is_unclear = len(part) > 1 and not is_busy and _hides_whom(reply)
            for place, key in enumerate(part):
                if is_unclear and reply.data.get(alias(place)) is None:
                    alone.append([key])
                else:
                    found[key] = self._told(key, reply, place, fetching)
        for (key,), (single, _) in zip(alone, self._asked_for(alone, fetching), strict=True):
            found[key] = self._told(key, single, 0, fetching)
        return [found[key] for key in keys]

    def _asked_for(self, parts: Sequence[Sequence[str]], fetching: Fetching) -> list[tuple[Reply, Response]]:
        fields = self._call.resource.fields
        return self._api.asked(
            [self._api.request("query", fetching, fields, [{fetching.key: key} for key in part]) for part in parts]
        )

    def _told(self, key: str, reply: Reply, place: int, fetching: Fetching) -> Record | Gone:
        shown = reply.data.get(alias(place))
        raw = raw_at(shown, fetching.record) if shown is not None else None
        is_empty = raw is None or raw == b"null"
        errors = reply.about(alias(place))
        if not is_empty and None in reply.data.values():  # one that says not whom it means, means one of those
            errors = [error for error in errors if error.path or self._api.meaning.of([error]) != "gone"]
        if errors:
            depth = 1 + len(steps_of(fetching.record))
            is_whole = is_empty and all(len(error.path) <= depth for error in errors)
            return self._failed(key, reply, errors, is_whole=is_whole)
        if raw is None or is_empty:
            if fetching.missing == "gone":
                return Gone(key=key)
            msg = f"{self._api.system} shows nothing for {self._call.name} {key}."
            raise TransientError(msg, cure=f"If that means deleted, set {self._call.setting}.get.missing to gone.")
        if reason := self._reader.unfit(raw):
            msg = f"{self._api.system} shows {self._call.name} {key} as a record that is {reason}."
            raise RejectedError(msg, cure=f"Correct it in {self._api.system}.")
        try:
            record = self._reader.record(raw)
        except ValueError:
            msg = f"{self._api.system} shows {self._call.name} {key} without its key."
            raise TransientError(msg, cure=f"If it lasts, check {self._call.setting}: key and fields.") from None
        is_gone = record.key != key or self._reader.is_gone(raw) or self._is_tombstone(raw)
        return Gone(key=key) if is_gone else record

    def _failed(self, key: str, reply: Reply, errors: Sequence[Error], *, is_whole: bool) -> Gone:
        """What errors say of a record; `is_whole`: of the record itself, and not of something in it."""
        fate = self._api.meaning.of(errors)
        if fate == "gone" and is_whole:
            return Gone(key=key)
        if fate in {"gone", "refused"}:
            msg = f"{self._api.system} refused to show {self._call.name} {key}: {self._api.said(errors)}."
            raise RejectedError(msg)
        raise self._api.failed_read(reply, errors, f"{self._call.setting}.get")

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
        reply, _ = self._asked(operation, {"value": value})
        raws, spoiled = self._rows(operation, reply)
        if spoiled:  # it may be the one that is sought, and must not pass for nowhere to be found
            raise self._api.failed_read(reply, [error for _, error in spoiled], self._call.setting)
        wanted = value.strip().casefold() if field else value
        found: list[Record] = []
        for raw in raws:
            shown = text_of(find(msgspec.json.decode(raw), name))
            if (shown.strip().casefold() if field else shown) == wanted and not self._is_tombstone(raw):
                found.append(self._reader.record(raw))
        return found


def _hides_whom(reply: Reply) -> bool:
    """Did one error fail them all, or does one not say whom it concerns? Then each has to be asked for alone."""
    return bool(reply.errors) and (not any(reply.data.values()) or not all(error.path for error in reply.errors))
