"""Reading through a SOAP service: lists page by page, gets by key, searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncline.connectors.protocols.json_values import as_record
from syncline.connectors.protocols.paths import find, steps_of, text_of
from syncline.connectors.protocols.rest_page import Reader
from syncline.connectors.protocols.scanning import Clocks, Fetched, Scan, offset_of
from syncline.connectors.protocols.soap_options import Fetching, Listed, Resource
from syncline.connectors.protocols.soap_service import Asking, Given, Service, Told
from syncline.connectors.protocols.stamps import written
from syncline.errors import RejectedError, SetupError, TransientError
from syncline.model.page import Cursor, Gone, Page, Record


class Reading:
    """The reading half of one resource."""

    def __init__(self, *, service: Service, name: str, resource: Resource, reader: Reader, clocks: Clocks) -> None:
        self._service = service
        self._resource = resource
        self._reader = reader
        self._clocks = clocks
        self._where = f"{service.system}.{name}"
        self._name = name
        self._setting = f"systems.{service.system}.resources.{name}"

    # --- lists ----------------------------------------------------------------

    def pages(self, since: Cursor | None) -> Iterator[Page]:
        """The list, page by page; see the port for what it promises."""
        return Scan(self._fetch, self._clocks, since, self._where)

    def first_page(self) -> Page:
        """The first page of everything."""
        return self._fetch("", 0).page

    def _fetch(self, place: str, from_stamp: int) -> Fetched:
        resource = self._resource
        told = self._answered(self._service.asking(resource.list, self._given(place, from_stamp)))
        rows = self._rows(resource.list, told)
        listing = self._reader.listing(b"[" + b",".join(map(as_record, rows)) + b"]", "")
        if listing is None:
            raise self._no_list(resource.list)
        page = Page(
            keys=listing.keys,
            raws=listing.raws,
            versions=listing.versions,
            stamps=listing.stamps,
            tombstones=listing.tombstones,
            broken=listing.broken,
        )
        following = self._after(place, told.answer.value, rows)
        return Fetched(page=page, answer=told.response, newest=listing.newest, next=following)

    def _given(self, place: str, from_stamp: int) -> Given:
        paging, since = self._resource.paging, self._resource.since
        given: list[tuple[tuple[str, ...], object]] = []
        if paging.size_to:
            given.append((steps_of(paging.size_to), paging.size))
        if paging.type == "offset":
            given.append((steps_of(paging.to), offset_of(place)[0]))
        elif paging.type == "page":
            given.append((steps_of(paging.to), paging.first + offset_of(place)[0] // paging.size))
        elif place and paging.to:
            given.append((steps_of(paging.to), place))
        lower = self._clocks.lower(from_stamp)
        if since and since.to and lower:
            given += [(steps_of(path), value) for path, value in since.constants.items()]
            given.append((steps_of(since.to), self._service.scalars.bound(written(lower, since.format))))
        return given

    def _after(self, place: str, answer: object, rows: Sequence[dict[str, object]]) -> str:
        """Where the next page is; TransientError when the list ends before its end."""
        paging = self._resource.paging
        says_more = find(answer, paging.more) if paging.more else None
        if paging.type == "none":
            return ""
        if paging.type in {"offset", "page"}:
            return self._counted(place, answer, len(rows), says_more)
        if says_more is False or (paging.type == "keyset" and not rows):
            return self._end(says_more)
        if paging.type == "keyset":
            return text_of(find(rows[-1], self._resource.key)) or self._end(True)  # noqa: FBT003  as if it said more
        return text_of(find(answer, paging.next)) or self._end(says_more)

    def _counted(self, place: str, answer: object, count: int, says_more: object) -> str:
        paging = self._resource.paging
        offset, before = offset_of(place)
        total = find(answer, paging.total) if paging.total else None
        step = paging.size if paging.type == "page" else count
        seen = offset + count
        if not isinstance(total, int):
            ends = says_more is False or count == 0
            return self._end(says_more if count == 0 else None) if ends else f"{offset + step}/0"
        fewer = max(0, before - total)
        if count == 0 and seen < total and not fewer:
            msg = f"{self._where} ended before its end: {seen} of {total} records came."
            raise TransientError(msg)
        # Those that are gone may have stood before this page: then as many have moved up past its beginning, unseen.
        back = -(-fewer // step) * step if step else fewer
        onwards = max(0, offset - back) if fewer else offset + step
        return "" if onwards >= total else f"{onwards}/{total}"

    def _end(self, says_more: object) -> str:
        if says_more is not True:
            return ""
        msg = f"{self._where} has more and does not say where."
        raise TransientError(msg, cure=f"Check {self._setting}.paging.")

    def _answered(self, asking: Asking) -> Told:
        told = self._service.asked([asking])[0]
        if told.answer.fault is not None:
            raise self._service.failed_read(told, told.answer.fault, self._setting)
        return told

    def _rows(self, operation: Listed, told: Told) -> list[dict[str, object]]:
        """The records; what is left out or nil is a list without any."""
        found = find(told.answer.value, operation.rows) if operation.rows else told.answer.value
        if found is None:
            found = []
        if not isinstance(found, list):
            raise self._no_list(operation)
        return [one for one in found if isinstance(one, dict)]

    def _no_list(self, operation: Listed) -> TransientError:
        msg = f"{self._where}: the answer has no list at {operation.rows or 'its top'}."
        return TransientError(msg, cure=f"If it lasts, check {self._setting}.list.rows.")

    # --- gets -------------------------------------------------------------------

    def get(self, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records as they are now."""
        fetching = self._resource.get
        if fetching is None:
            msg = f"{self._where} cannot be read by key."
            raise SetupError(msg, cure=f"Configure {self._setting}.get.")
        wanted = list(dict.fromkeys(keys))
        found = self._together(wanted, fetching) if fetching.many else self._each(wanted, fetching)
        return [found[key] for key in keys]

    def _each(self, keys: Sequence[str], fetching: Fetching) -> dict[str, Record | Gone]:
        steps = steps_of(fetching.key)
        asking = [self._service.asking(fetching, [(steps, key)]) for key in keys]
        found: dict[str, Record | Gone] = {}
        for key, told in zip(keys, self._service.asked(asking), strict=True):
            fault = told.answer.fault
            shown = find(told.answer.value, fetching.record) if fetching.record else told.answer.value
            found[key] = self._failed(key, told, fetching) if fault is not None else self._told(key, shown, fetching)
        return found

    def _together(self, keys: Sequence[str], fetching: Fetching) -> dict[str, Record | Gone]:
        """Several keys in a request. What fails several is asked for one by one."""
        steps, size = steps_of(fetching.key), fetching.size
        parts = [list(keys[start : start + size]) for start in range(0, len(keys), size)]
        found: dict[str, Record | Gone] = {}
        while parts:
            alone: list[list[str]] = []
            asking = [self._service.asking(fetching, [(steps, part)]) for part in parts]
            for part, told in zip(parts, self._service.asked(asking), strict=True):
                fault = told.answer.fault
                if fault is not None and len(part) > 1 and self._service.meaning.of(fault) in {"gone", "refused"}:
                    alone += [[key] for key in part]
                    continue
                rows = {} if fault is not None else self._by_key(fetching, told)
                for key in part:
                    found[key] = (
                        self._failed(key, told, fetching)
                        if fault is not None
                        else self._told(key, rows.get(key), fetching)
                    )
            parts = alone
        return found

    def _by_key(self, fetching: Fetching, told: Told) -> dict[str, dict[str, object]]:
        shown = find(told.answer.value, fetching.record) if fetching.record else told.answer.value
        rows = shown if isinstance(shown, list) else []
        return {text_of(find(one, self._resource.key)): one for one in rows if isinstance(one, dict)}

    def _told(self, key: str, shown: object, fetching: Fetching) -> Record | Gone:
        if not isinstance(shown, dict):
            if fetching.missing == "gone":
                return Gone(key=key)
            msg = f"{self._service.system} shows nothing for {self._name} {key}."
            raise TransientError(msg, cure=f"If that means deleted, set {self._setting}.get.missing to gone.")
        raw = as_record(shown)
        if reason := self._reader.unfit(raw):
            msg = f"{self._service.system} shows {self._name} {key} as a record that is {reason}."
            raise RejectedError(msg, cure=f"Correct it in {self._service.system}.")
        try:
            record = self._reader.record(raw)
        except ValueError:
            msg = f"{self._service.system} shows {self._name} {key} without its key."
            raise TransientError(msg, cure=f"If it lasts, check {self._setting}.key.") from None
        is_gone = record.key != key or self._reader.is_gone(raw) or self._is_tombstone(shown)
        return Gone(key=key) if is_gone else record

    def _failed(self, key: str, told: Told, fetching: Fetching) -> Gone:
        fault = told.answer.fault
        assert fault is not None  # noqa: S101  who calls has looked
        fate = self._service.meaning.of(fault)
        if fate == "gone":
            return Gone(key=key)
        if fate == "refused":
            msg = f"{self._service.system} refused to show {self._name} {key}: {self._service.said(fault)}."
            cure = f"If that means deleted, name it in faults.codes; or check {self._setting}.get."
            raise RejectedError(msg, cure=cure)
        raise self._service.failed_read(told, fault, f"{self._setting}.get ({fetching.operation})")

    def _is_tombstone(self, shown: dict[str, object]) -> bool:
        flag = self._resource.tombstones
        return flag is not None and flag.holds(find(shown, flag.field))

    # --- searches -----------------------------------------------------------------

    def search(self, field: str, value: str) -> Sequence[Record]:
        """Records whose `field` equals `value`; "" is the marker. Letter case counts for the marker only."""
        marker = self._resource.marker
        operation = self._resource.search.get(field) if field else marker.search if marker else None
        if operation is None:
            msg = f"{self._where} cannot be searched by {field or 'the marker'}."
            raise SetupError(msg, cure=f"Configure {self._setting}.{'search' if field else 'marker.search'}.")
        name = field or (marker.field if marker else "")
        told = self._answered(self._service.asking(operation, [(steps_of(operation.value), value)]))
        wanted = value.strip().casefold() if field else value
        found: list[Record] = []
        for row in self._rows(operation, told):
            shown = text_of(find(row, name))
            if (shown.strip().casefold() if field else shown) == wanted and not self._is_tombstone(row):
                found.append(self._reader.record(as_record(row)))
        return found
