"""Reading from an OData service: lists with their links, changes since a time or a delta link, gets and searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus

import msgspec

from syncline.connectors.protocols.odata_call import Call
from syncline.connectors.protocols.odata_filters import behind, instant, parted
from syncline.connectors.protocols.odata_page import Listing, Reader
from syncline.connectors.protocols.odata_values import address_of, literal
from syncline.connectors.protocols.paths import find, text_of
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.scanning import Clocks, Fetched, Scan, newest
from syncline.errors import RejectedError, SetupError, SynclineError, TransientError
from syncline.model.page import Cursor, Gone, Page, Record

_NONE_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_MANY = 1_000  #: pages of a search: a service that turns in circles is not followed for ever
_RESTART = "!"  #: the place of the first page of a full scan that follows a delta link which is no longer valid


class Reading:
    """The reading half of one entity set."""

    def __init__(self, *, call: Call, reader: Callable[[], Reader], clocks: Clocks) -> None:
        self._call = call
        self._service = call.service
        self._reader = reader
        self._clocks = clocks

    # --- lists ----------------------------------------------------------------

    def pages(self, since: Cursor | None) -> Iterator[Page]:
        """The list, page by page; see the port for what it promises."""
        resource = self._call.resource
        token = since.token if since and resource.delta else ""
        stamp = since.stamp if since and resource.since else 0
        where = f"{self._service.system} {resource.set}"
        return Scan(self._fetch, self._clocks, Cursor(stamp=stamp, token=token) if since else None, where)

    def _fetch(self, place: str, from_stamp: int) -> Fetched:
        is_keyset = self._service.options.paging == "keyset"
        if is_keyset or not place:
            address = self._first(from_stamp, place)
        else:
            address = self._first(0) if place == _RESTART else place
        # A filter would go into the delta link, and what it leaves out would be deleted unseen.
        request = self._listed(address, tracked=place == _RESTART or not (place or from_stamp))
        answer = self._service.wire.send(request)
        if answer.status == HTTPStatus.GONE and place and place != _RESTART and not is_keyset:
            # The service no longer knows how far this link had read: everything is read anew.
            return Fetched(page=Page(keys=[], raws=[]), answer=answer, next=_RESTART)
        listing = self._listing(request, answer)
        page = self._page(listing)
        return Fetched(
            page=page,
            answer=answer,
            newest=newest(listing.stamps),
            next=self._after_keyset(listing) if is_keyset else self._link(listing.next, address),
            token=self._link(listing.delta, address),
        )

    def _listed(self, address: str, *, tracked: bool) -> Request:
        tracked = tracked and self._call.resource.delta
        wishes = f"odata.maxpagesize={self._service.options.page}{',odata.track-changes' if tracked else ''}"
        return self._service.read(address, {"Prefer": wishes} if self._service.version == "v4" else None)

    def _first(self, from_stamp: int, after: str = "") -> str:
        """Where a list begins, in the order of the keys: after a time of change, and after a key."""
        resource, options = self._call.resource, self._service.options
        filters = [f"({resource.filter})"] if resource.filter else []
        lower = self._clocks.lower(from_stamp)
        if lower and resource.since:
            filters.append(f"{resource.since} ge {instant(self._call, lower)}")
        query = [*self._call.shown]
        if after:
            filters.append(behind(self._call, after))
        if options.paging == "keyset":
            query.append(("$top", str(options.page)))
        if filters:
            query.append(("$filter", " and ".join(filters)))
        if not resource.delta:  # a service that tracks changes may refuse an order
            query.append(("$orderby", ",".join(self._call.entity.keys)))
        return self._service.address(resource.set, query)

    def _after_keyset(self, listing: Listing) -> str:
        """The key behind which the next page begins; a short page is the last unless the service says otherwise."""
        rows = len(listing.keys) + len(listing.tombstones) + len(listing.broken)
        if not listing.last or (rows < self._service.options.page and not listing.next):
            return ""
        return self._reader().key(listing.last)

    def _link(self, link: str, asked: str) -> str:
        return self._service.below(link, asked) if link else ""

    def _page(self, listing: Listing) -> Page:
        """The page as it crosses the port; what has left a tracked list is looked at."""
        keys, raws, tombstones = list(listing.keys), list(listing.raws), list(listing.tombstones)
        versions, stamps = listing.versions, listing.stamps
        for found in self.get(listing.left) if listing.left else ():
            if isinstance(found, Gone):
                tombstones.append(found.key)
                continue
            keys.append(found.key)
            raws.append(found.raw)
            versions = [*versions, found.version] if versions is not None else None
            stamps = [*stamps, found.stamp] if stamps is not None else None
        return Page(
            keys=keys, raws=raws, versions=versions, stamps=stamps, tombstones=tombstones, broken=listing.broken
        )

    def _listing(self, request: Request, answer: Response) -> Listing:
        if not answer.ok:
            raise self._service.failed_read(request, answer)
        try:
            listing = self._reader().listing(answer.body, self._service.version)
        except ValueError:
            raise self._service.no_json(request, answer) from None
        if listing is None:
            msg = f"{self._service.system} answered {request.place} without a list."
            raise TransientError(msg, cure=f"If it lasts, check {self._call.setting}.set and version.")
        return listing

    def first_page(self) -> Page:
        """One page of the list, to see whether the service answers."""
        return next(self.pages(None))

    # --- gets -------------------------------------------------------------------

    def get(self, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records as they are now. A key that its type cannot hold is nobody's."""
        found: dict[str, Record | Gone] = {}
        addresses: dict[str, str] = {}
        for key in dict.fromkeys(keys):
            try:
                addresses[key] = address_of(key, self._call.entity, self._service.version)
            except ValueError:
                found[key] = Gone(key=key)
        if self._call.resource.get_many > 1 and len(addresses) > 1:
            found |= self._many(list(addresses))
        rest = [key for key in addresses if key not in found]
        requests = [self._single(addresses[key]) for key in rest]
        answers = self._service.wire.send_all(requests, self._service.options.concurrency)
        for key, request, answer in zip(rest, requests, answers, strict=True):
            found[key] = self._told(key, request, answer)
        return [found[key] for key in keys]

    def _single(self, address: str) -> Request:
        return self._service.read(self._service.address(f"{self._call.resource.set}{address}", self._call.shown))

    def _many(self, keys: Sequence[str]) -> dict[str, Record]:
        """The records that filters on their keys find; who is not among them is asked for alone."""
        requests = [self._filtered(" or ".join(part)) for part in parted(self._call, keys)]
        found: dict[str, Record] = {}
        for answer in self._service.wire.send_all(requests, self._service.options.concurrency):
            if isinstance(answer, SynclineError):
                raise answer
            if not answer.ok:  # the service filters by less than this
                continue
            try:
                listing = self._reader().listing(answer.body, self._service.version)
            except ValueError:
                continue
            found |= {record.key: record for record in _records(listing)}
        return {key: record for key, record in found.items() if not self._reader().is_gone(record.raw)}

    def _filtered(self, by: str) -> Request:
        return self._service.read(self._service.address(self._call.resource.set, [*self._call.shown, ("$filter", by)]))

    def _told(self, key: str, request: Request, answer: Response | SynclineError) -> Record | Gone:
        if isinstance(answer, SynclineError):
            raise answer
        if answer.status in _NONE_THERE:
            return Gone(key=key)
        if not answer.ok:
            words = self._service.words(answer.body, answer.status)
            msg = f"{self._service.system} refused {request.place}: {words}."
            raise RejectedError(msg)
        try:
            record = self._reader().record(answer.body, self._service.version, answer.headers.get("etag", ""))
        except ValueError as error:
            if str(error).startswith("larger"):
                msg = f"{self._service.system} answered {request.place} with a record that is {error}."
                raise RejectedError(msg, cure=f"Correct it in {self._service.system}.") from None
            raise self._service.no_json(request, answer) from None
        if record.key != key:  # the service writes the same key otherwise, as with letters of a GUID
            record = msgspec.structs.replace(record, key=key)
        return Gone(key=key) if self._reader().is_gone(record.raw) else record

    # --- searches -----------------------------------------------------------------

    def search(self, field: str, value: str) -> Sequence[Record]:
        """Records whose `field` equals `value`; "" is the marker. Letter case counts for the marker only."""
        resource = self._call.resource
        name = resource.marker.field if not field and resource.marker else field
        if not name or (field and field not in resource.search):
            msg = f"{self._service.system}.{self._call.name} cannot be searched by {field or 'the marker'}."
            raise SetupError(msg, cure=f"Name it in {self._call.setting}.{'search' if field else 'marker'}.")
        try:
            wanted = literal(value, self._call.entity.properties[name].type, self._service.version)
        except ValueError:  # nothing that this property can hold
            return []
        found: list[Record] = []
        request = self._filtered(f"{name} eq {wanted}")
        for _ in range(_MANY):
            answer = self._service.wire.send(request)
            if answer.status == HTTPStatus.BAD_REQUEST and field:
                msg = f"{self._service.system} cannot search {name}: {self._service.words(answer.body, answer.status)}."
                raise RejectedError(msg)
            listing = self._listing(request, answer)
            found += [one for one in _records(listing) if _says(one.raw, name, value, exactly=not field)]
            if not listing.next:
                break
            request = self._service.read(self._link(listing.next, request.path))
        return [record for record in found if not self._reader().is_gone(record.raw)]


def _says(raw: bytes, name: str, value: str, *, exactly: bool) -> bool:
    shown = text_of(find(msgspec.json.decode(raw), f"`{name}`"))
    return shown == value if exactly else shown.strip().casefold() == value.strip().casefold()


def _records(listing: Listing | None) -> Iterator[Record]:
    if listing is None:
        return
    nothing: Sequence[None] = [None] * len(listing.keys)
    rows = zip(listing.keys, listing.raws, listing.versions or nothing, listing.stamps or nothing, strict=True)
    for key, raw, version, stamp in rows:
        yield Record(key=key, raw=raw, version=version, stamp=stamp or 0)
