"""What became of one write, read off the service's answer to it, whether it was sent alone or in a batch."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from syncline.connectors.protocols.answers import OUTCOMES, Barred, Result, duplicate, failed
from syncline.connectors.protocols.odata_call import Call
from syncline.connectors.protocols.odata_multipart import PartAnswer
from syncline.connectors.protocols.odata_page import Reader
from syncline.connectors.protocols.odata_read import Reading
from syncline.connectors.protocols.odata_service import decoded
from syncline.connectors.protocols.odata_values import key_at
from syncline.connectors.protocols.paths import find
from syncline.connectors.protocols.request import Response
from syncline.connectors.protocols.verdict import BUSY, wait_of
from syncline.env import Env
from syncline.errors import SetupError, SynclineError
from syncline.model.contract import ReadBack
from syncline.model.page import Item, Op, Outcome, Receipt, Record

_FINE = range(200, 300)
_UNALLOWED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Results:
    """Receipts out of answers, for one entity set."""

    def __init__(
        self, *, call: Call, reader: Callable[[], Reader], reading: Reading, read_back: ReadBack, env: Env
    ) -> None:
        self._call = call
        self._reader = reader
        self._reading = reading
        self._read_back = read_back
        self._env = env

    def single(self, item: Item, answer: Response | SynclineError) -> Result:
        """The receipt for an item that was sent alone."""
        if isinstance(answer, SynclineError):
            return failed(item, answer)
        return self.told(item, PartAnswer(name="", status=answer.status, headers=answer.headers, body=answer.body))

    def told(self, item: Item, answer: PartAnswer) -> Result:
        """The receipt for an item with this answer."""
        return self._done(item, answer) if answer.status in _FINE else self._not_done(item, answer)

    def stops(self, answer: PartAnswer) -> bool:
        """Would every other item fare as the one with this answer?"""
        fate = self._call.service.options.codes.get(self._call.service.code(answer.body))
        return fate == "busy" if fate else answer.status in BUSY | _UNALLOWED

    def _done(self, item: Item, answer: PartAnswer) -> Receipt:
        if answer.body and _is_none(answer.body):
            text = f"{self._call.service.system} answered a {item.op.name.lower()} with something else than its result."
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, key=item.key, message=text)
        record = self._shown(item, answer)
        address = answer.headers.get("location") or answer.headers.get("odata-entityid", "")
        key = record.key if record else item.key or key_at(address, self._call.entity)
        if not key:
            text = f"{self._call.service.system} has created an entity and does not say which."
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, message=text)
        keeps = record is not None and self._read_back is ReadBack.BODY
        return Receipt(
            ref=item.ref,
            outcome=Outcome.DONE,
            key=item.key or key,
            raw=record.raw if record and keeps else None,
            version=(record.version if record else None) or answer.headers.get("etag"),
            stamp=record.stamp if record else 0,
        )

    def _shown(self, item: Item, answer: PartAnswer) -> Record | None:
        if item.op is Op.DELETE or not answer.body or (item.op is Op.ARCHIVE and self._call.resource.archive.action):
            return None
        try:
            return self._reader().record(answer.body, self._call.service.version, answer.headers.get("etag", ""))
        except ValueError:  # no whole entity: the address alone may be enough
            return None

    def _not_done(self, item: Item, answer: PartAnswer) -> Result:
        service = self._call.service
        fate = service.options.codes.get(service.code(answer.body))
        words = service.words(answer.body, answer.status)
        if fate == "duplicate" or (fate is None and answer.status == HTTPStatus.CONFLICT and item.op is Op.CREATE):
            return self._duplicate(item, words)
        if fate is None and answer.status in _UNALLOWED:
            what = f"{service.system}.{self._call.resource.set} does not allow a {item.op.name.lower()}: {words}."
            cure = f"Check systems.{service.system}.auth and the rights of the account."
            return Barred(ref=item.ref, error=SetupError(what, cure=cure))
        if answer.status == HTTPStatus.PRECONDITION_REQUIRED and not self._call.resource.etag:
            what = f"{service.system}.{self._call.resource.set} takes writes with If-Match only."
            return Barred(ref=item.ref, error=SetupError(what, cure=f"Set {self._call.setting}.etag to true."))
        if answer.status in {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}:
            what = f"{service.system}.{self._call.resource.set} takes no {item.op.name.lower()}: {words}."
            return Barred(ref=item.ref, error=SetupError(what, cure=f"Correct {self._call.setting}.write."))
        outcome = OUTCOMES[fate] if fate else _outcome(item, answer.status)
        if item.op is Op.CREATE and outcome in {Outcome.GONE, Outcome.STALE}:
            outcome = Outcome.REFUSED  # what is gone or stale is something that the new entity points to
        wait = wait_of(answer.headers, self._env.now()) or 0.0 if outcome is Outcome.BUSY else 0.0
        return Receipt(ref=item.ref, outcome=outcome, key=item.key, message=words, wait=wait)

    def _duplicate(self, item: Item, words: str) -> Receipt:
        """The service has this entity already: it is ours if it carries our marker, whoever else's otherwise."""
        has_marker = self._call.resource.marker is not None
        ours = (lambda: next(iter(self._reading.search("", item.marker)), None)) if has_marker else None
        return duplicate(item, words, ours, keeps=self._read_back is ReadBack.BODY)


def _is_none(body: bytes) -> bool:
    """Is this no answer to a write: a page of whoever stands before the service, an error, or half of one?"""
    said = decoded(body)
    return find(said, "error") is not None if said is not None else body.strip() != b"null"


def _outcome(item: Item, status: int) -> Outcome:
    if status in BUSY:
        return Outcome.BUSY
    if status == HTTPStatus.PRECONDITION_FAILED:
        return Outcome.STALE if item.version else Outcome.GONE  # it was only asked to be there
    if status == HTTPStatus.CONFLICT and item.version:
        return Outcome.STALE
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return Outcome.GONE
    return Outcome.DOUBT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.REFUSED
