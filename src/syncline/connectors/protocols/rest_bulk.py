"""Writing several records in one request, with a fate for each: results by reference, or an atomic all-or-nothing.

A batch that was refused as a whole has changed nothing. It is sent again without the item that the answer names, or in
halves until the refused items stand alone. Nothing that may have been done is ever sent twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from syncline.connectors.protocols.answers import Result, failed, halves
from syncline.connectors.protocols.paths import Shape, find, text_of
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.rest_answer import Answers, shown_at
from syncline.connectors.protocols.rest_call import Call
from syncline.connectors.protocols.rest_options import Batching
from syncline.connectors.protocols.rest_results import Results, Said
from syncline.connectors.protocols.rest_write import JSON, VERBS, adds_nothing, encode, fields_of
from syncline.connectors.protocols.verdict import lost
from syncline.errors import BusyError, RejectedError, SetupError, SynclineError
from syncline.model.page import Item, Op

_DONE = range(200, 300)
_CREATE, _DELETE = Op.CREATE, Op.DELETE  #: looking them up in their class takes longer than the test
_STATUS_OF_WORD = {"refused": 422, "gone": 404, "stale": 412, "busy": 429, "doubt": 500}
_Parts = list[Sequence[Item]]


class Bulk:
    """Writing records of one resource together."""

    def __init__(self, *, call: Call, batching: Batching, answers: Answers) -> None:
        self._call = call
        self._batching = batching
        self._answers = answers
        self._results = Results(batching.results, batching.answer, call.resource)
        self._offered = {op: getattr(call.resource.write, verb) for op, verb in VERBS.items()}
        words = {str(verb): word for verb, word in batching.ops.items()}
        self._words = {op: words[verb] for op, verb in VERBS.items() if verb in words}
        self._bare = {
            op for op, offered in self._offered.items() if op is not _DELETE and adds_nothing(op, offered, call)
        }
        flag = call.errors.in_200
        self._flag = flag
        self._flagged = Shape({"flag": (flag.field, object)}) if flag else None

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
                return [*results, *(failed(item, error) for item in rest)]
        return results

    def _once(self, items: Sequence[Item], send_by: float) -> tuple[SynclineError | None, list[Result], _Parts]:
        """One request: what failed it, results, and the parts that have to be sent again by themselves."""
        try:
            request = self._request(items, send_by)
            answer = self._call.wire.send(request)
            document = self._error_of(request, answer)
        except RejectedError as error:  # too long, or one item cannot be sent: nothing has left
            if len(items) > 1:
                return None, [], halves(items)
            return None, [failed(item, error) for item in items], []
        except SynclineError as error:
            return error, [failed(item, error) for item in items], []
        if document is None:
            return None, self._results_of(items, request, answer), []
        if self._is_unknown(answer.status):
            what = f"{self._call.system} knows no {request.place} (HTTP {answer.status})."
            problem = SetupError(what, cure=f"Check {self._call.setting}.batch.")
            return problem, [failed(item, problem) for item in items], []
        return None, *self._refused(items, request, answer, document)

    def _is_unknown(self, status: int) -> bool:
        """Is it the batch itself that the system does not know? An atomic one may mean an item with its 404."""
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            return True
        return status == HTTPStatus.NOT_FOUND and not self._batching.atomic

    def _error_of(self, request: Request, answer: Response) -> object:
        """The refusal of the whole batch; None where it was taken."""
        if answer.ok and not self._is_flagged(answer.body):
            return None
        try:
            document = self._call.document(request, answer)
        except SynclineError:
            if answer.ok:
                raise
            return {}
        return (document or {}) if not answer.ok or self._call.is_error(document) else None

    def _is_flagged(self, body: bytes) -> bool:
        """May this be the error that hides behind HTTP 200? Only then is the answer decoded whole."""
        if self._flagged is None or self._flag is None:
            return False
        try:
            return self._flag.holds(self._flagged.reads["flag"](msgspec.json.decode(body, type=self._flagged.type)))
        except (ValueError, RecursionError):
            return True

    # --- asking -------------------------------------------------------------------

    def _request(self, items: Sequence[Item], send_by: float) -> Request:
        batching = self._batching
        entries = self._entries(items)
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

    def _entries(self, items: Sequence[Item]) -> list[dict[str, object]]:
        """An entry per item. What the configuration says is looked up once for all of them."""
        keys, words, call, offered = self._batching.keys, self._words, self._call, self._offered
        within, op_key, ref_key, again = keys.fields, keys.op, keys.ref, keys.idempotency
        bare = self._bare.issuperset([item.op for item in items])
        entries: list[dict[str, object]] = []
        for item in items:
            op = item.op
            fields = item.fields if bare else fields_of(item, offered[op], call) if op is not _DELETE else {}
            entry: dict[str, object] = {within: fields} if within else dict(fields)
            if op_key:
                entry[op_key] = words[op]
            if ref_key:
                entry[ref_key] = item.ref
            if op is not _CREATE:
                self._name(item, entry)
            if again and item.idempotency:
                entry[again] = item.idempotency
            entries.append(entry)
        return entries

    def _name(self, item: Item, entry: dict[str, object]) -> None:
        """Which record it is, and which version of it, in the system's words."""
        keys, resource = self._batching.keys, self._call.resource
        if keys.id:
            entry[keys.id] = int(item.key) if resource.key_type == "integer" and item.key.isdecimal() else item.key
        if keys.if_match and item.version:
            match = resource.version.match if resource.version else "{version}"
            entry[keys.if_match] = match.replace("{version}", item.version)

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
        return [], halves(items)

    def _results_of(self, items: Sequence[Item], request: Request, answer: Response) -> list[Result]:
        try:
            said = self._results.said(answer.body)
            if self._batching.answer.ref:
                pairs = self._results.by_reference(items, said)
            else:
                # By order only where all were done together; a list of another length tells of nobody.
                pairs = list(zip(items, range(len(said)), strict=True)) if len(items) == len(said) else []
            return self._told(pairs, said, request, answer.body)
        except ValueError:
            error = lost(request, f"{self._call.system} answered {request.place} without results.")
            return [failed(item, error) for item in items]

    def _told(
        self, pairs: Sequence[tuple[Item, int]], said: Sequence[Said], request: Request, body: bytes
    ) -> list[Result]:
        results, raws = self._results, None
        is_brief = results.shows_key and not self._answers.keeps_records
        if is_brief and (brief := results.all_done(pairs, said)) is not None:
            return [*brief]
        told: list[Result] = []
        for item, place in pairs:
            one = said[place]
            status = self._status(None if one is None else results.status(one))
            receipt = results.done(item, one) if is_brief and one is not None and status in _DONE else None
            if receipt is not None:
                told.append(receipt)
                continue
            raws = raws or results.raws(body)
            told.append(self._whole(item, raws[place], status, results.id_of(one), request))
        return told

    def _whole(self, item: Item, raw: bytes, status: int, key: str, request: Request) -> Result:
        answer = self._batching.answer
        if status not in _DONE:
            return self._answers.refused(item, status, msgspec.json.decode(raw), request, answer.error)
        return self._answers.done(item, shown_at(raw, answer.record), key)

    def _status(self, said: object) -> int:
        """The result's status as one of HTTP; words are translated as configured, an unknown one is a doubt."""
        if not self._batching.answer.status:
            return 200
        if said.__class__ is int:
            return said
        word = self._batching.statuses.get(text_of(said), "doubt")
        return 200 if word == "done" else _STATUS_OF_WORD[word]
