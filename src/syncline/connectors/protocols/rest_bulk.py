"""Writing several records in one request, with a fate for each: results by reference, or an atomic all-or-nothing.

A batch that was refused as a whole has changed nothing. It is sent again without the item that the answer names, or in
halves until the refused items stand alone. Nothing that may have been done is ever sent twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

from syncline.connectors.protocols.paths import Shape, find, text_of
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.rest_answer import Answers, Result, shown_at
from syncline.connectors.protocols.rest_call import Call
from syncline.connectors.protocols.rest_options import BatchAnswer, Batching
from syncline.connectors.protocols.rest_page import raw_at
from syncline.connectors.protocols.rest_write import JSON, VERBS, encode, fields_of
from syncline.connectors.protocols.verdict import lost
from syncline.errors import BusyError, RejectedError, SetupError, SynclineError
from syncline.model.page import Item, Op

_DONE = range(200, 300)
_STATUS_OF_WORD = {"refused": 422, "gone": 404, "stale": 412, "busy": 429, "doubt": 500}
_Parts = list[Sequence[Item]]


class Bulk:
    """Writing records of one resource together."""

    def __init__(self, *, call: Call, batching: Batching, answers: Answers) -> None:
        self._call = call
        self._batching = batching
        self._answers = answers
        self._shape = _result_shape(batching.answer)

    def write(self, items: Sequence[Item], send_by: float) -> list[Result]:
        """Send all items in batches of the configured size."""
        size = self._batching.size
        waiting = [items[start : start + size] for start in range(0, len(items), size)]
        results: list[Result] = []
        while waiting:
            part = waiting.pop()
            error, found, again = self._once(part, send_by)
            results += found
            waiting += again
            if isinstance(error, BusyError | SetupError):  # the other parts would fare no better
                rest = [item for part in waiting for item in part]
                return [*results, *(self._answers.failed(item, error) for item in rest)]
        return results

    def _once(self, items: Sequence[Item], send_by: float) -> tuple[SynclineError | None, list[Result], _Parts]:
        """One request: what failed it, results, and the parts that have to be sent again by themselves."""
        try:
            request = self._request(items, send_by)
            answer = self._call.wire.send(request)
            document = self._error_of(request, answer)
        except RejectedError as error:  # too long, or one item cannot be sent: nothing has left
            if len(items) > 1:
                return None, [], _halves(items)
            return None, [self._answers.failed(item, error) for item in items], []
        except SynclineError as error:
            return error, [self._answers.failed(item, error) for item in items], []
        if document is None:
            return None, self._results(items, request, answer), []
        if self._is_unknown(answer.status):
            what = f"{self._call.system} knows no {request.place} (HTTP {answer.status})."
            problem = SetupError(what, cure=f"Check {self._call.setting}.batch.")
            return problem, [self._answers.failed(item, problem) for item in items], []
        return None, *self._refused(items, request, answer, document)

    def _is_unknown(self, status: int) -> bool:
        """Is it the batch itself that the system does not know? An atomic one may mean an item with its 404."""
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            return True
        return status == HTTPStatus.NOT_FOUND and not self._batching.atomic

    def _error_of(self, request: Request, answer: Response) -> object:
        """The refusal of the whole batch; None where it was taken."""
        if answer.ok and self._call.errors.in_200 is None:
            return None
        try:
            document = self._call.document(request, answer)
        except SynclineError:
            if answer.ok:
                raise
            return {}
        return (document or {}) if not answer.ok or self._call.is_error(document) else None

    # --- asking -------------------------------------------------------------------

    def _request(self, items: Sequence[Item], send_by: float) -> Request:
        batching = self._batching
        entries = [self._entry(item) for item in items]
        body = encode({batching.items: entries} if batching.items else entries)
        headers = dict(JSON)
        idempotency = self._call.resource.idempotency
        if idempotency and not batching.keys.idempotency and all(item.idempotency for item in items):
            # The same intents in the same words are the same batch, and nothing else is.
            intents = "\n".join(item.idempotency for item in items).encode()
            headers[idempotency.header] = hashlib.sha256(intents + b"\n" + body).hexdigest()[:32]
        return Request(
            method=batching.method, path=batching.path, headers=headers, body=body, writes=True, send_by=send_by
        )

    def _entry(self, item: Item) -> dict[str, object]:
        keys, resource = self._batching.keys, self._call.resource
        fields = (
            fields_of(item, getattr(resource.write, VERBS[item.op]), self._call) if item.op is not Op.DELETE else {}
        )
        entry: dict[str, object] = {keys.fields: fields} if keys.fields else fields
        if keys.op:
            entry[keys.op] = self._batching.ops[VERBS[item.op]]  # type: ignore[index]  # only these are sent together
        if keys.ref:
            entry[keys.ref] = item.ref
        if keys.id and item.op is not Op.CREATE:
            entry[keys.id] = int(item.key) if resource.key_type == "integer" and item.key.isdecimal() else item.key
        if keys.if_match and item.version and item.op is not Op.CREATE:
            match = resource.version.match if resource.version else "{version}"
            entry[keys.if_match] = match.replace("{version}", item.version)
        if keys.idempotency and item.idempotency:
            entry[keys.idempotency] = item.idempotency
        return entry

    # --- answers --------------------------------------------------------------------

    def _refused(
        self, items: Sequence[Item], request: Request, answer: Response, document: object
    ) -> tuple[list[Result], _Parts]:
        """Nothing of this batch was written; find the items that are to blame."""
        if self._call.fate(document) == "busy" or len(items) == 1:
            return [self._answers.refused(item, answer.status, document, request) for item in items], []
        place = find(document, self._batching.refused_at) if self._batching.refused_at else None
        if isinstance(place, int) and 0 <= place < len(items):
            blamed = self._answers.refused(items[place], answer.status, document, request)
            return [blamed], [[*items[:place], *items[place + 1 :]]]
        return [], _halves(items)

    def _results(self, items: Sequence[Item], request: Request, answer: Response) -> list[Result]:
        try:
            body = raw_at(answer.body, self._batching.results)
            raws = [bytes(raw) for raw in msgspec.json.decode(body or b"", type=list[msgspec.Raw])]
        except ValueError:
            error = lost(request, f"{self._call.system} answered {request.place} without results.")
            return [self._answers.failed(item, error) for item in items]
        if not self._batching.answer.ref:
            # By order only where all were done together; a list of another length tells of nobody.
            pairs = list(zip(items, raws, strict=True)) if len(items) == len(raws) else []
        else:
            pairs = self._paired(items, raws)
        return [self._result(item, raw, request) for item, raw in pairs]

    def _paired(self, items: Sequence[Item], raws: Sequence[bytes]) -> list[tuple[Item, bytes]]:
        """Each item with its result, by our reference. An item without one, or with two, is left out: a doubt."""
        shape = self._shape
        found: dict[str, list[bytes]] = {}
        for raw in raws:
            try:
                ref = text_of(shape.reads["ref"](msgspec.json.decode(raw, type=shape.type))) if shape else ""
            except ValueError:  # a result without a shape belongs to nobody
                continue
            found.setdefault(ref, []).append(raw)
        return [(item, found[str(item.ref)][0]) for item in items if len(found.get(str(item.ref), ())) == 1]

    def _result(self, item: Item, raw: bytes, request: Request) -> Result:
        answer = self._batching.answer
        said = self._said(raw)
        status = self._status(said.get("status"))
        if status not in _DONE:
            return self._answers.refused(item, status, msgspec.json.decode(raw), request, answer.error)
        return self._answers.done(item, shown_at(raw, answer.record), text_of(said.get("id")))

    def _said(self, raw: bytes) -> Mapping[str, object]:
        if self._shape is None:
            return {}
        try:
            document = msgspec.json.decode(raw, type=self._shape.type)
        except ValueError:
            return {}
        return {name: read(document) for name, read in self._shape.reads.items()}

    def _status(self, said: object) -> int:
        """The result's status as one of HTTP; words are translated as configured, an unknown one is a doubt."""
        if not self._batching.answer.status:
            return 200
        if isinstance(said, int) and not isinstance(said, bool):
            return said
        word = self._batching.statuses.get(text_of(said), "doubt")
        return 200 if word == "done" else _STATUS_OF_WORD[word]


def _halves(items: Sequence[Item]) -> _Parts:
    middle = len(items) // 2
    return [items[:middle], items[middle:]]


def _result_shape(answer: BatchAnswer) -> Shape | None:
    wanted = {name: path for name, path in (("ref", answer.ref), ("status", answer.status), ("id", answer.id)) if path}
    return Shape({name: (path, object) for name, path in wanted.items()}) if wanted else None
