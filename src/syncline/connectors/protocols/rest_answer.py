"""What became of one item, read off the system's answer to it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from syncline.connectors.protocols.answers import OUTCOMES, Barred, Result, duplicate, failed
from syncline.connectors.protocols.paths import find, text_of
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.rest_call import Call
from syncline.connectors.protocols.rest_page import Reader, raw_at
from syncline.connectors.protocols.verdict import BUSY
from syncline.errors import SetupError, SynclineError
from syncline.model.contract import ReadBack
from syncline.model.page import Gone, Item, Op, Outcome, Receipt, Record


class Answers:
    """Receipts out of answers, for one resource."""

    def __init__(
        self,
        *,
        call: Call,
        reader: Reader,
        read_back: ReadBack,
        find_marked: Callable[[str], Record | None],
        get: Callable[[str], Record | Gone],
    ) -> None:
        self._call = call
        self._reader = reader
        self._read_back = read_back
        self._find_marked = find_marked
        self._get = get

    @property
    def keeps_records(self) -> bool:
        """Does the hub keep the record that an answer shows?"""
        return self._read_back is ReadBack.BODY

    def single(self, item: Item, request: Request, answer: Response | SynclineError) -> Result:
        """The receipt for an item that was sent alone."""
        if isinstance(answer, SynclineError):
            return failed(item, answer)
        try:
            document = self._call.document(request, answer)
        except SynclineError as error:
            if answer.ok:
                return failed(item, error)
            document = None
        if not answer.ok or self._call.is_error(document):
            return self.refused(item, answer.status, document, request)
        write = self._call.resource.write
        raw = shown_at(answer.body, write.record) if isinstance(document, dict) else None
        key = text_of(find(document, write.key)) if write.key else ""
        key = key or _last_of(answer.headers.get("location", "")) if item.op is Op.CREATE else item.key
        return self.done(item, raw, key, self._version(answer))

    def _version(self, answer: Response) -> str:
        version = self._call.resource.version
        return answer.headers.get(version.header.lower(), "") if version and version.header else ""

    def done(self, item: Item, raw: bytes | None, key: str = "", version: str = "") -> Receipt:
        """The receipt for an item that the system has written; `raw` is the record, where it shows it."""
        record = None
        if raw is not None and item.op is not Op.DELETE:
            try:
                record = self._reader.record(raw, version=version)
            except ValueError:  # no whole record: the key alone may be enough
                record = None
        found = record.key if record else key or item.key
        if not found:
            text = f"{self._call.system} has created a record and does not say which."
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, message=text)
        shows = record is not None and self._read_back is ReadBack.BODY
        return Receipt(
            ref=item.ref,
            outcome=Outcome.DONE,
            key=found,
            raw=record.raw if record and shows else None,
            version=record.version if record else version or None,
            stamp=record.stamp if record else 0,
        )

    def refused(self, item: Item, status: int, document: object, request: Request, own: str = "") -> Result:
        """The receipt for an item that the system has not written, by its status and code."""
        fate = self._call.fate(document)
        words = self._call.words(document, status, own)
        if fate == "duplicate" or (fate is None and status == HTTPStatus.CONFLICT and item.op is Op.CREATE):
            return self._duplicate(item, document, words)
        if fate is None and item.op is Op.CREATE and status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
            what = f"{self._call.system} knows no {request.place} (HTTP {status})."
            return Barred(ref=item.ref, error=SetupError(what, cure=f"Check {self._call.setting}.write.create."))
        outcome = OUTCOMES[fate] if fate else _outcome(item, status)
        if item.op is Op.CREATE and outcome in {Outcome.GONE, Outcome.STALE}:
            outcome = Outcome.REFUSED  # what is gone or stale is something that the new record points to
        return Receipt(ref=item.ref, outcome=outcome, key=item.key, message=words)

    def _duplicate(self, item: Item, document: object, words: str) -> Result:
        """The system has this record already: it is ours if it carries our marker, whoever else's otherwise."""
        marker = self._call.resource.marker
        key = text_of(find(document, marker.existing)) if marker and marker.existing else ""

        def ours() -> Record | None:
            found = self._get(key) if key else self._find_marked(item.marker)
            return found if isinstance(found, Record) and self.marker_of(found.raw) == item.marker else None

        return duplicate(item, words, ours if marker else None, keeps=self.keeps_records)

    def marker_of(self, raw: bytes) -> str:
        """The marker in a record; "" where there is none."""
        return self._reader.marker(raw)


def shown_at(body: bytes, path: str) -> bytes | None:
    """The bytes of the record in an answer that is JSON; None where it shows none."""
    try:
        return raw_at(body, path)
    except ValueError:
        return None


def _outcome(item: Item, status: int) -> Outcome:
    if status in BUSY:
        return Outcome.BUSY
    if status == HTTPStatus.PRECONDITION_FAILED or (status == HTTPStatus.CONFLICT and item.version):
        return Outcome.STALE
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return Outcome.GONE
    return Outcome.DOUBT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.REFUSED


def _last_of(location: str) -> str:
    return location.partition("?")[0].rstrip("/").rpartition("/")[2]
