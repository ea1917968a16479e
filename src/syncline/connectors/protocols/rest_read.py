"""Reading through a JSON API: lists with their cursor, gets and searches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus

import msgspec

from syncline.connectors.protocols.paging import Place, Walk
from syncline.connectors.protocols.paths import find, text_of
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.rest_call import Call
from syncline.connectors.protocols.rest_page import Listing, Reader, raw_at
from syncline.connectors.protocols.scanning import begin_at
from syncline.connectors.protocols.stamps import SECOND, micros, written
from syncline.connectors.protocols.verdict import date_of
from syncline.env import Env
from syncline.errors import RejectedError, SetupError, SynclineError, TransientError
from syncline.model.contract import Contract
from syncline.model.page import Cursor, Gone, Page, Record

_NONE_THERE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Reading:
    """The reading half of one resource."""

    def __init__(self, *, call: Call, reader: Reader, contract: Contract, concurrency: int, env: Env) -> None:
        self._call = call
        self._reader = reader
        self._contract = contract
        self._concurrency = concurrency
        self._env = env
        self._overlap = round((contract.lag + contract.precision + contract.skew) * SECOND)
        self._skew = round(contract.skew * SECOND)

    # --- lists ----------------------------------------------------------------

    def pages(self, since: Cursor | None) -> Iterator[Page]:
        """The list, page by page; see the port for what it promises.

        A page that fails raises; asking for the next page then asks for the same one again.
        """
        return _Pages(self, begin_at(since, self._contract, self._env))

    def sample(self, count: int) -> Sequence[bytes]:
        """A few records of the list, with one request for no more than that where the system lets us say so."""
        paging = self._call.resource.paging
        first = Walk(paging, self._call.resource.path).first()
        query = [(name, value) for name, value in first.query if name != paging.size_param]
        if paging.size_param:
            query.append((paging.size_param, str(count)))
        _, listing = self._listing(self._call.listed(query, first.url))
        return listing.raws[:count]

    def bound(self, from_stamp: int) -> list[tuple[str, str]]:
        """The query that asks for changes since a stamp, less the overlap."""
        since = self._call.resource.since
        lower = from_stamp - self._overlap
        return [(since.param, written(lower, since.format))] if since and from_stamp and lower > 0 else []

    def _listings(self, query: Sequence[tuple[str, str]]) -> Iterator[Listing]:
        """Every page of a query that is not a scan."""
        walk = self.walk()
        place: Place | None = walk.first()
        while place is not None:
            _, listing = self.at(query, place)
            yield listing
            place = walk.after(listing.landing)

    def walk(self) -> Walk:
        """A new walk through the list."""
        return Walk(self._call.resource.paging, f"{self._call.system} {self._call.resource.path}")

    def at(self, bound: Sequence[tuple[str, str]], place: Place) -> tuple[Response, Listing]:
        """The page at one place of a walk."""
        return self._listing(self._call.listed([*bound, *place.query], place.url))

    def in_future(self, from_stamp: int, now: int) -> bool:
        """Would a scan from here skip what changes until then? The cursor comes from a wrong clock."""
        return from_stamp > now + self._skew

    def _listing(self, request: Request) -> tuple[Response, Listing]:
        answer = self._call.wire.send(request)
        if not answer.ok:
            raise self._call.failed_read(request, answer)
        try:
            listing = self._reader.listing(answer.body, answer.headers.get("link", ""))
        except ValueError:
            raise self._call.no_json(request, answer) from None
        if listing is None:
            raise self._call.failed_read(request, answer)
        if len(listing.broken) > 1 and not listing.keys and not listing.tombstones:
            self._check_shown(request, listing)
        return answer, listing

    def _check_shown(self, request: Request, listing: Listing) -> None:
        """When not one record of a page shows a key, the system has changed, and no record is to blame."""
        if all(key.startswith("#") for key, _ in listing.broken):
            key = self._call.resource.key
            msg = f"{self._call.system} shows no `{key}` in any of {len(listing.broken)} records at {request.place}."
            raise SetupError(msg, cure=f"If it has changed, correct {self._call.setting}.key.")

    def clock(self, answer: Response) -> int:
        """The system's time at the answer; ours, less the skew, where it does not show it."""
        date = date_of(answer.headers)
        return micros(date) if date else micros(self._env.now()) - self._skew

    def cursor(self, newest: int, started: int, answer: Response, *, is_last: bool) -> Cursor | None:
        """Where to go on after this page.

        In the order of change that is the newest stamp so far. In any other order it is known at the end only, and is
        not later than the start of the scan: a record behind us may have changed while we walked on.
        """
        since = self._call.resource.since
        if since is None or not self._contract.incremental or not newest:
            return None
        if since.ordered:
            clock = self.clock(answer)
            return Cursor(stamp=clock if newest > clock + self._skew else newest)
        return Cursor(stamp=min(newest, started)) if is_last else None

    def page(self, listing: Listing, cursor: Cursor | None) -> Page:
        """The page as it crosses the port."""
        return Page(
            keys=listing.keys,
            raws=listing.raws,
            versions=listing.versions,
            stamps=listing.stamps,
            tombstones=listing.tombstones,
            broken=listing.broken,
            cursor=cursor,
        )

    # --- gets -------------------------------------------------------------------

    def get(self, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records as they are now."""
        found: dict[str, Record | Gone] = {}
        version = self._call.resource.version
        shows_version = version is None or bool(version.field)
        if self._call.resource.get_many and shows_version and len(keys) > 1:
            found = self._many(keys)
        # A key that is missing among many is asked for alone: the answer also tells a merge.
        rest = [key for key in dict.fromkeys(keys) if key not in found]
        answers = self._call.wire.send_all([Request(path=self._call.path_of(key)) for key in rest], self._concurrency)
        for key, answer in zip(rest, answers, strict=True):
            found[key] = self._single(key, answer)
        return [found[key] for key in keys]

    def _many(self, keys: Sequence[str]) -> dict[str, Record | Gone]:
        many = self._call.resource.get_many
        if many is None:
            return {}
        plain = [key for key in dict.fromkeys(keys) if many.join not in key]
        requests = [
            self._call.listed([(many.param, many.join.join(plain[start : start + many.max]))])
            for start in range(0, len(plain), many.max)
        ]
        found: dict[str, Record | Gone] = {}
        for request, answer in zip(requests, self._call.wire.send_all(requests, self._concurrency), strict=True):
            if isinstance(answer, SynclineError):
                raise answer
            for record in self._records(request, answer):
                found[record.key] = Gone(key=record.key) if self._reader.is_gone(record.raw) else record
        return found

    def _records(self, request: Request, answer: Response) -> Iterator[Record]:
        """The records of an answer to a list, the deleted ones too."""
        try:
            body = raw_at(answer.body, self._call.resource.rows) if answer.ok else None
            pieces = msgspec.json.decode(body, type=list[msgspec.Raw]) if body is not None else None
        except ValueError:
            pieces = None
        if pieces is None:
            raise self._call.failed_read(request, answer)
        for piece in pieces:
            try:
                yield self._reader.record(bytes(piece))
            except ValueError:  # the single get that follows says what is wrong with it
                continue

    def _single(self, key: str, answer: Response | SynclineError) -> Record | Gone:
        if isinstance(answer, SynclineError):
            raise answer
        request = Request(path=self._call.path_of(key))
        document = self._said_beside(request, answer)
        is_refused = not answer.ok or self._call.is_error(document)
        merged = self._call.resource.merged
        if merged and answer.status == merged.status:
            return Gone(key=key, merged_into=text_of(find(document, merged.field)))
        if answer.status in _NONE_THERE or (is_refused and self._call.fate(document) == "gone"):
            return Gone(key=key)
        if is_refused:
            words = self._call.words(document, answer.status)
            if answer.ok:
                raise self._call.failed_read(request, answer)
            msg = f"{self._call.system} refused {request.place}: {words}."
            raise RejectedError(msg)
        return self._record(key, request, answer)

    def _said_beside(self, request: Request, answer: Response) -> object:
        """What may be an error, refusal or merge; None where only a record can be there."""
        if answer.ok and (not self._call.errors.in_200 or not _is_text(answer.body)):
            return None
        return self._call.document(request, answer)

    def _record(self, key: str, request: Request, answer: Response) -> Record | Gone:
        resource = self._call.resource
        try:
            raw = raw_at(answer.body, resource.record)
        except ValueError:
            raise self._call.no_json(request, answer) from None
        if reason := self._reader.unfit(raw or b""):
            msg = f"{self._call.system} answered {request.place} with a record that is {reason}."
            raise RejectedError(msg, cure=f"Correct it in {self._call.system}.")
        header = resource.version.header if resource.version else ""
        try:
            record = self._reader.record(raw or b"", version=answer.headers.get(header.lower(), ""))
        except ValueError:  # perhaps an error behind HTTP 200 that nobody has described
            msg = f"{self._call.system} answered {request.place} without a record that shows its key."
            raise TransientError(msg, cure=f"If it lasts, check {self._call.setting}: record and key.") from None
        return Gone(key=key) if self._reader.is_gone(record.raw) else record

    # --- searches -----------------------------------------------------------------

    def search(self, field: str, value: str) -> Sequence[Record]:
        """Records whose `field` equals `value`; "" is the marker. Letter case counts for the marker only."""
        resource = self._call.resource
        marker = resource.marker
        path, param = (marker.field, marker.param) if not field and marker else (field, resource.search.get(field, ""))
        if not param:
            msg = f"{self._call.system}.{self._call.name} cannot be searched by {field or 'the marker'}."
            raise SetupError(msg, cure=f"Name the query parameter in {self._call.setting}.search.")
        wanted = value if not field else value.strip().casefold()
        found: list[Record] = []
        for listing in self._listings([(param, value)]):
            for raw in listing.raws:
                shown = text_of(find(msgspec.json.decode(raw), path))
                if (shown if not field else shown.strip().casefold()) == wanted:
                    found.append(self._reader.record(raw))
        return found


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Pages:
    """One scan. Its place moves only once a page is there, so that a failed page can be asked for again."""

    def __init__(self, reading: Reading, from_stamp: int) -> None:
        self._reading = reading
        self._from = self._newest = from_stamp
        self._bound = reading.bound(from_stamp)
        self._walk = reading.walk()
        self._place: Place | None = self._walk.first()
        self._started: int | None = None

    def __iter__(self) -> _Pages:
        return self

    def __next__(self) -> Page:
        if self._place is None:
            raise StopIteration
        answer, listing = self._reading.at(self._bound, self._place)
        if self._started is None:
            now = self._reading.clock(answer)
            if self._reading.in_future(self._from, now):
                self._from = self._newest = now
                self._bound = self._reading.bound(now)
                answer, listing = self._reading.at(self._bound, self._place)
            self._started = now
        self._place = self._walk.after(listing.landing)
        self._newest = max(self._newest, listing.newest)
        cursor = self._reading.cursor(self._newest, self._started, answer, is_last=self._place is None)
        return self._reading.page(listing, cursor)
