"""Writing through a GraphQL API: mutations under aliases, and what became of each item.

Mutations of one request run one after the other, each by itself, unless the system runs them in one transaction. What
an error nulls above its own answer is lost for the others, too: those are in doubt, and are never sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.protocols.answers import Barred, Result, failed, halves
from syncline.connectors.protocols.graphql_call import Asking, Call
from syncline.connectors.protocols.graphql_document import alias
from syncline.connectors.protocols.graphql_options import Batching, Writing
from syncline.connectors.protocols.graphql_reply import Reply
from syncline.connectors.protocols.graphql_results import Results
from syncline.connectors.protocols.paths import placed, steps_of
from syncline.errors import BusyError, RejectedError, SetupError, SynclineError
from syncline.model.page import Item, Op, Outcome, Receipt

VERBS = {Op.CREATE: "create", Op.UPDATE: "update", Op.DELETE: "delete", Op.ARCHIVE: "archive"}
_ALONE = Batching(size=1)


class _Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What one request has brought: results, and parts to send again because nothing of them was done."""

    results: list[Result]
    again: Sequence[Sequence[Item]] = ()
    halt: SynclineError | None = None  #: the other parts would fare no better


class Writer:
    """The writing half of one resource."""

    def __init__(self, *, call: Call, results: Results) -> None:
        self._call = call
        self._api = call.api
        self._results = results

    def write(self, items: Sequence[Item], send_by: float) -> list[Result]:
        """Send every item, items of one kind together as far as the batch allows."""
        results: list[Result] = []
        waiting: list[Sequence[Item]] = []
        for op, verb in VERBS.items():
            kind = [item for item in items if item.op is op]
            write: Writing | None = getattr(self._call.resource.write, verb)
            if kind and write is None:
                results += [self._unoffered(item, verb) for item in kind]
                continue
            waiting += _cut(kind, self._batching.size)
        while waiting:
            part = waiting.pop(0)
            answered = self._once(part, send_by)
            results += answered.results
            waiting += answered.again
            if answered.halt is not None:
                rest = [item for one in waiting for item in one]
                return [*results, *(failed(item, answered.halt) for item in rest)]
        return results

    @property
    def _batching(self) -> Batching:
        return self._call.resource.batch or _ALONE

    def _unoffered(self, item: Item, verb: str) -> Result:
        msg = f"{self._api.system}.{self._call.name} offers no {verb}."
        return failed(item, RejectedError(msg, cure=f"Configure {self._call.setting}.write.{verb}."))

    def _once(self, items: Sequence[Item], send_by: float) -> _Answered:
        write: Writing = getattr(self._call.resource.write, VERBS[items[0].op])
        try:
            request = self._request(items, write, send_by)
            found = self._api.ask_all([request])[0]
        except RejectedError as error:
            return _Answered(results=[failed(item, error) for item in items])
        if isinstance(found, RejectedError) and len(items) > 1:  # too long: nothing has left
            return _Answered(results=[], again=halves(items))
        if isinstance(found, SynclineError):
            halt = found if isinstance(found, BusyError | SetupError) else None
            return _Answered(results=[failed(item, found) for item in items], halt=halt)
        reply = found[0]
        if write.many:
            return self._told_list(items, write, reply)
        if not reply.has_run:
            return self._not_run(items, reply)
        results = [self._results.told(item, write, reply, place) for place, item in enumerate(items)]
        return self._together(items, results) if self._batching.atomic else self._apart(results)

    # --- asking -------------------------------------------------------------------

    def _request(self, items: Sequence[Item], write: Writing, send_by: float) -> Asking:
        given: list[dict[str, object]]
        if write.many:
            given = [{write.input: [self._fields(item, write) for item in items]}]
        else:
            given = [self._values(item, write) for item in items]
        return self._api.request("mutation", write, self._call.resource.fields, given, send_by)

    def _values(self, item: Item, write: Writing) -> dict[str, object]:
        fields = self._fields(item, write)
        values: dict[str, object] = {write.input: fields} if write.input else dict(fields)
        if write.key:
            values[write.key] = item.key
        if write.version and item.version:
            values[write.version] = item.version
        if write.token and item.idempotency:
            values[write.token] = item.idempotency
        return values

    def _fields(self, item: Item, write: Writing) -> Mapping[str, object]:
        fields = {**write.fields, **item.fields}
        if write.key_field and item.op is not Op.CREATE:
            fields[write.key_field] = item.key
        marker = self._call.resource.marker
        if marker and item.op is Op.CREATE and item.marker:
            steps = steps_of(marker.input or marker.field)
            fields[steps[0]] = placed(fields.get(steps[0]), steps[1:], item.marker)
        return fields

    # --- answers ------------------------------------------------------------------

    def _not_run(self, items: Sequence[Item], reply: Reply) -> _Answered:
        """Refused before anything was run: by a value of one item, by the budget, or for everyone."""
        fate = self._api.meaning.of(reply.errors)
        if fate in {"busy", "login", "setup"} or len(items) == 1:
            results = [self._results.refused(item, reply, reply.errors) for item in items]
            # What fits no budget as a whole may fit in halves; waiting would not make it smaller.
            is_busy = fate == "busy"
            halt: SynclineError | None = None
            if is_busy:
                halt = BusyError(self._api.said(reply.errors), wait=self._api.wait(reply, reply.errors))
            elif results and isinstance(results[0], Barred):
                halt = results[0].error
            return _Answered(results=results, halt=halt)
        return _Answered(results=[], again=halves(items))

    def _apart(self, results: list[Result]) -> _Answered:
        busy = [one for one in results if isinstance(one, Receipt) and one.outcome is Outcome.BUSY]
        halt = BusyError(busy[0].message, wait=max(one.wait for one in busy)) if busy else None
        return _Answered(results=results, halt=halt)

    def _together(self, items: Sequence[Item], results: list[Result]) -> _Answered:
        """One transaction: done if every item is. Otherwise none is, whatever the other answers say."""
        blamed = [place for place, one in enumerate(results) if not _is(one, Outcome.DONE)]
        if not blamed:
            return _Answered(results=results)
        doubts = [place for place in blamed if _is(results[place], Outcome.DOUBT)]
        if len(doubts) == len(blamed):
            text = f"{self._api.system} did not say what became of a transaction."
            return _Answered(results=[_doubt(item, text) for item in items])
        causes = [place for place in blamed if place not in doubts]
        told = [results[place] for place in causes]
        rest = [item for place, item in enumerate(items) if place not in causes]
        answered = self._apart(told)
        if answered.halt is not None:
            return _Answered(results=[*told, *(failed(item, answered.halt) for item in rest)], halt=answered.halt)
        return _Answered(results=told, again=[rest] if rest else [])

    def _told_list(self, items: Sequence[Item], write: Writing, reply: Reply) -> _Answered:
        """The answer to a list of inputs, which are done together or not at all."""
        shown = reply.data.get(alias(0))
        if shown is None:
            if self._was_refused(reply):
                return self._not_run(items, reply)
            return _Answered(results=[_doubt(item, self._api.said(reply.errors)) for item in items])
        try:
            rows = list(map(bytes, msgspec.json.decode(shown, type=list[msgspec.Raw])))
        except ValueError:
            rows = []
        if len(rows) != len(items):
            text = f"{self._api.system} answered {len(rows)} results to {len(items)} inputs."
            return _Answered(results=[_doubt(item, text) for item in items])
        pairs = zip(items, rows, strict=True)
        if not reply.errors:
            return self._apart([self._results.shown(item, write, row) for item, row in pairs])
        return self._apart([self._spoiled(item, write, row, reply) for item, row in pairs])

    def _was_refused(self, reply: Reply) -> bool:
        """Do the errors of a list without an answer say that nothing of it was done?"""
        if not reply.errors or self._api.meaning.of(reply.errors) == "doubt":
            return False
        is_above = all(len(error.path) <= 1 for error in reply.errors)  # one below was raised by what was done
        names_it = any(error.path for error in reply.errors) or self._api.meaning.knows(reply.errors)
        return not reply.has_run or (is_above and names_it)

    def _spoiled(self, item: Item, write: Writing, row: bytes, reply: Reply) -> Result:
        """One of a list that was done, with errors beside it: they tell of its answer, not of what was written."""
        if row == b"null":
            return _doubt(item, self._api.said(reply.errors))
        return self._results.shown(item, write, row, whole=False)


def _is(result: Result, outcome: Outcome) -> bool:
    return isinstance(result, Receipt) and result.outcome is outcome


def _doubt(item: Item, text: str) -> Receipt:
    return Receipt(ref=item.ref, outcome=Outcome.DOUBT, key=item.key, message=text)


def _cut(items: list[Item], size: int) -> list[list[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
