"""Writing through a JSON-RPC service: calls, alone or in batches, and what became of each item.

The calls of a batch are done each by itself, in any order. What a service leaves unanswered is in doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from syncline.connectors.protocols.answers import OUTCOMES, Barred, Result, duplicate, failed, halves
from syncline.connectors.protocols.jsonrpc_call import Asked, Call
from syncline.connectors.protocols.jsonrpc_options import Writing
from syncline.connectors.protocols.jsonrpc_params import key_as
from syncline.connectors.protocols.jsonrpc_reply import Answer, place_in
from syncline.connectors.protocols.paths import placed, steps_of, text_of
from syncline.connectors.protocols.rest_page import Reader, raw_at
from syncline.errors import BusyError, RejectedError, SetupError, SynclineError
from syncline.model.contract import ReadBack
from syncline.model.page import Item, Op, Outcome, Receipt, Record

VERBS = {Op.CREATE: "create", Op.UPDATE: "update", Op.DELETE: "delete", Op.ARCHIVE: "archive"}


class Writer:
    """The writing half of one resource."""

    def __init__(
        self, *, call: Call, reader: Reader, read_back: ReadBack, find_marked: Callable[[str], Sequence[Record]]
    ) -> None:
        self._call = call
        self._api = call.api
        self._reader = reader
        self._read_back = read_back
        self._find_marked = find_marked

    def write(self, items: Sequence[Item], send_by: float) -> list[Result]:
        """Send every item, items of one kind together as far as the service takes batches."""
        results: list[Result] = []
        waiting: list[Sequence[Item]] = []
        size = max(1, self._api.options.batch)
        for op, verb in VERBS.items():
            kind = [item for item in items if item.op is op]
            if kind and getattr(self._call.resource.write, verb) is None:
                results += [self._unoffered(item, verb) for item in kind]
                continue
            waiting += [kind[start : start + size] for start in range(0, len(kind), size)]
        halt: SynclineError | None = None
        while waiting:
            part = waiting.pop(0)
            if halt is not None:
                results += [failed(item, halt) for item in part]
                continue
            told, again, halt = self._once(part, send_by)
            results += told
            waiting = [*again, *waiting]
        return results

    def _unoffered(self, item: Item, verb: str) -> Result:
        msg = f"{self._api.system}.{self._call.name} offers no {verb}."
        return failed(item, RejectedError(msg, cure=f"Configure {self._call.setting}.write.{verb}."))

    def _once(
        self, items: Sequence[Item], send_by: float
    ) -> tuple[list[Result], list[Sequence[Item]], SynclineError | None]:
        """Results, parts to send again because nothing of them has left, and what would stop the others, too."""
        write: Writing = getattr(self._call.resource.write, VERBS[items[0].op])
        calls = [(write, self._values(item, write)) for item in items]
        asked = self._api.ask(calls, send_by)
        if len(items) > 1 and isinstance(asked[0].error, RejectedError):  # too long for one request
            return [], halves(items), None
        results = [self._told(item, write, one) for item, one in zip(items, asked, strict=True)]
        return results, [], _halt(results, asked)

    def _values(self, item: Item, write: Writing) -> dict[str, object]:
        fields = {**write.fields, **item.fields}
        marker = self._call.resource.marker
        if marker and item.op is Op.CREATE and item.marker:
            steps = steps_of(marker.field)
            fields[steps[0]] = placed(fields.get(steps[0]), steps[1:], item.marker)
        values: dict[str, object] = {"fields": fields, "key": key_as(self._call.resource.key_type, item.key)}
        if item.version:
            values["version"] = item.version
        if item.idempotency:
            values["token"] = item.idempotency
        return values

    # --- answers ------------------------------------------------------------------

    def _told(self, item: Item, write: Writing, asked: Asked) -> Result:
        if asked.error is not None:
            return failed(item, asked.error)
        answer = asked.answer
        if answer is None:
            return _doubt(item, f"{self._api.system} left a call unanswered.")
        if answer.fate is not None:
            return self._refused(item, answer)
        flag = write.refused
        if flag and flag.holds(_at(answer.result, flag.field)):
            return self._refused(item, Answer(fate="refused", said=text_of(msgspec.json.decode(answer.result))[:200]))
        return self._done(item, write, answer.result)

    def _refused(self, item: Item, answer: Answer) -> Result:
        words = self._api.said(answer)
        if answer.fate == "setup":
            what = f"{self._api.system} does not allow this: {words}."
            cure = f"Check {self._call.setting}.write.{VERBS[item.op]} and the rights of the account."
            return Barred(ref=item.ref, error=SetupError(what, cure=cure))
        if answer.fate == "duplicate":
            marker = self._call.resource.marker
            ours = (lambda: next(iter(self._find_marked(item.marker)), None)) if marker and marker.search else None
            return duplicate(item, words, ours, keeps=self._read_back is ReadBack.BODY)
        outcome = OUTCOMES[answer.fate or "refused"]
        if item.op is Op.CREATE and outcome in {Outcome.GONE, Outcome.STALE}:
            outcome = Outcome.REFUSED  # what is gone or stale is something that the new record points to
        return Receipt(ref=item.ref, outcome=outcome, key=item.key, message=words)

    def _done(self, item: Item, write: Writing, result: bytes) -> Receipt:
        record = None
        if write.record is not None and item.op is not Op.DELETE:
            try:
                record = self._reader.record(raw_at(result, write.record) or b"null")
            except ValueError:  # no whole record: the key alone may be enough
                record = None
        shown = text_of(_at(result, write.key)) if write.key is not None else ""
        key = item.key or (record.key if record else shown)
        if not key:
            return _doubt(item, f"{self._api.system} has created a record and does not say which.")
        keeps = record is not None and self._read_back is ReadBack.BODY
        return Receipt(
            ref=item.ref, outcome=Outcome.DONE, key=key, raw=record.raw if record and keeps else None,
            version=record.version if record else None, stamp=record.stamp if record else 0,
        )  # fmt: skip


def _at(result: bytes, path: str) -> object:
    return place_in(msgspec.json.decode(result), path)


def _halt(results: Sequence[Result], asked: Sequence[Asked]) -> SynclineError | None:
    """What would stop the other parts, too: the budget, or rights that are missing for all."""
    error = asked[0].error
    if isinstance(error, BusyError | SetupError):
        return error
    busy = [one for one in results if isinstance(one, Receipt) and one.outcome is Outcome.BUSY]
    return BusyError(busy[0].message, wait=max(one.wait for one in busy)) if busy else None


def _doubt(item: Item, text: str) -> Receipt:
    return Receipt(ref=item.ref, outcome=Outcome.DOUBT, key=item.key, message=text)
