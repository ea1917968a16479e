"""Writing several entities in one request to $batch, with a fate for each.

Parts of an independent batch stand or fall alone. A changeset is all or nothing, and the answer to a part of one that
was rolled back may still say 201: no part of it is done unless all are. Nothing that may have been done is sent twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

import msgspec

from syncline.connectors.protocols import odata_multipart as multipart
from syncline.connectors.protocols.answers import Barred, Result, failed, halves
from syncline.connectors.protocols.odata_call import Call
from syncline.connectors.protocols.odata_multipart import Part, PartAnswer
from syncline.connectors.protocols.odata_options import Batching
from syncline.connectors.protocols.odata_results import Results
from syncline.connectors.protocols.odata_write import Forms, encode
from syncline.connectors.protocols.paths import shallow
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.verdict import HALTS, lost
from syncline.env import Env
from syncline.errors import BusyError, RejectedError, SetupError, SynclineError
from syncline.model.page import Item, Outcome, Receipt

_FINE = range(200, 300)
_EVERYONE = "*"  #: in the place of a part's name: the error is of the whole changeset
_ON = "continue-on-error,odata.continue-on-error"
_Sent = Sequence[tuple[Item, Part]]


class _Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What one request has brought: results, and what has to be sent again because it was not acted on."""

    results: list[Result]
    again: Sequence[_Sent] = ()
    error: SynclineError | None = None


class _JsonAnswer(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"")


class _JsonAnswers(msgspec.Struct):
    responses: list[_JsonAnswer]


class Bulk:
    """Writing entities of one set together."""

    def __init__(self, *, call: Call, batching: Batching, forms: Forms, results: Results, env: Env) -> None:
        self._call = call
        self._service = call.service
        self._batching = batching
        self._forms = forms
        self._results = results
        self._env = env
        self._takes_batches = False  #: has the service taken one apart?

    def write(self, items: Sequence[Item], send_by: float) -> list[Result]:
        """Send all items in batches of the configured size."""
        results: list[Result] = []
        sent: list[tuple[Item, Part]] = []
        for place, item in enumerate(items):
            try:
                sent.append((item, self._forms.part(item, str(place + 1))))
            except (RejectedError, KeyError) as error:
                results.append(self._forms.unsendable(item, error))
        size = self._batching.size
        waiting: list[_Sent] = [sent[start : start + size] for start in range(0, len(sent), size)]
        while waiting:
            answered = self._once(waiting.pop(0), send_by)
            results += answered.results
            waiting += answered.again
            halt = answered.error
            if isinstance(halt, BusyError | SetupError):  # the other parts would fare no better
                rest = [item for part in waiting for item, _ in part]
                return [*results, *(failed(item, halt) for item in rest)]
        return results

    def _once(self, sent: _Sent, send_by: float) -> _Answered:
        request = self._request([part for _, part in sent], send_by)
        try:
            answer = self._service.send_all([request])[0]
        except SynclineError as no_token:  # nothing was sent
            answer = no_token
        if isinstance(answer, RejectedError) and len(sent) > 1:  # too long: nothing has left
            return _Answered(results=[], again=halves(sent))
        if not isinstance(answer, SynclineError) and answer.status == HTTPStatus.BAD_REQUEST:
            return self._malformed(sent, request, answer)
        if not isinstance(answer, SynclineError) and not answer.ok:
            answer = self._refused(request, answer)
        if isinstance(answer, SynclineError):
            return _Answered(results=[failed(item, answer) for item, _ in sent], error=answer)
        try:
            told = self._told(sent, request, answer)
        except ValueError:
            problem = lost(request, f"{self._service.system} answered {request.place} with no batch.")
            return _Answered(results=[failed(item, problem) for item, _ in sent])
        self._takes_batches = True
        return told

    def _malformed(self, sent: _Sent, request: Request, answer: Response) -> _Answered:
        """A batch that could not be read: for one part in it, or because the service takes none such at all."""
        if len(sent) > 1:
            return _Answered(results=[], again=halves(sent))
        error = self._refused(request, answer)
        if self._takes_batches:
            error = RejectedError(error.what)
        return _Answered(results=[failed(item, error) for item, _ in sent])

    def _refused(self, request: Request, answer: Response) -> SynclineError:
        """A batch that the service did not take apart at all."""
        what = f"{self._service.system} refused {request.place}: {self._service.words(answer.body, answer.status)}."
        return SetupError(what, cure=f"Check systems.{self._service.system}.batch, or leave it out.")

    # --- asking -------------------------------------------------------------------

    def _request(self, parts: Sequence[Part], send_by: float) -> Request:
        boundary = f"batch-{self._env.new_id()}"
        if self._batching.format == "json":
            headers = {"Content-Type": self._service.json, "Prefer": _ON}
            body = encode({"requests": [self._entry(part) for part in parts]})
        else:
            headers = {
                "Content-Type": f"multipart/mixed; boundary={boundary}", "Accept": "multipart/mixed", "Prefer": _ON,
            }  # fmt: skip
            body = multipart.written(parts, boundary, atomic=self._batching.atomic)
        path = self._service.address("$batch")
        return Request(method="POST", path=path, headers=headers, body=body, writes=True, send_by=send_by)

    def _entry(self, part: Part) -> Mapping[str, object]:
        headers = {name.lower(): value for name, value in part.headers.items()}
        entry: dict[str, object] = {"id": part.name, "method": part.method, "url": part.address, "headers": headers}
        if self._batching.atomic:
            entry["atomicityGroup"] = "all"
        if part.body is not None:
            entry["body"] = msgspec.Raw(part.body)
        return entry

    # --- answers ------------------------------------------------------------------

    def _told(self, sent: _Sent, request: Request, answer: Response) -> _Answered:
        """What the answer says. ValueError where it is no answer to a batch."""
        kind = answer.headers.get("content-type", "")
        if "multipart" in kind.lower():
            slots, is_whole = multipart.read(answer.body, kind)
            found = self._in_slots(sent, slots)
            ends = is_whole and bool(slots) and not _all_fine(slots[-1].answers)
        else:
            with shallow():
                answers = msgspec.json.decode(answer.body, type=_JsonAnswers).responses
            found, ends = _by_name(sent, [_plain(one) for one in answers]), False
        return self._together(sent, found) if self._batching.atomic else self._apart(sent, found, request, ends=ends)

    def _in_slots(self, sent: _Sent, slots: Sequence[multipart.Slot]) -> dict[str, PartAnswer]:
        """The answers by the names of their parts: as they say themselves, else by their order, which is fixed."""
        if self._batching.atomic:
            answers = slots[0].answers if len(slots) == 1 else ()
            known = {part.name for _, part in sent}
            if answers and not slots[0].is_changeset:  # one error stands for the whole changeset
                blamed = answers[0].name if answers[0].name in known else _EVERYONE
                return {sent[0][1].name if len(sent) == 1 else blamed: answers[0]}
            names = [one.name or part.name for one, (_, part) in zip(answers, sent, strict=False)]
            return dict(zip(names, answers, strict=True)) if sorted(names) == sorted(known) else {}
        if len(slots) > len(sent):
            return {}
        singles = [(part.name, slot.answers) for (_, part), slot in zip(sent, slots, strict=False)]
        if any(len(answers) != 1 or answers[0].name not in ("", name) for name, answers in singles):
            return _by_name(sent, [answer for _, answers in singles for answer in answers])
        return {name: answers[0] for name, answers in singles}

    def _apart(self, sent: _Sent, found: Mapping[str, PartAnswer], request: Request, *, ends: bool) -> _Answered:
        """Each part by itself. What a batch that ended at its first error did not come to is sent again."""
        results = [self._results.told(item, found[part.name]) for item, part in sent if part.name in found]
        rest = [(item, part) for item, part in sent if part.name not in found]
        halt = _halt(results, found.values())
        is_tail = bool(found) and sent[: len(found)] == [one for one in sent if one[1].name in found]
        if rest and ends and is_tail:
            return _Answered(results=results, again=[rest], error=halt)
        problem = lost(request, f"{self._service.system} did not say what became of a part of {request.place}.")
        return _Answered(results=[*results, *(failed(item, problem) for item, _ in rest)], error=halt)

    def _together(self, sent: _Sent, found: Mapping[str, PartAnswer]) -> _Answered:
        """A changeset: done if every part is. Otherwise none is, whatever the other parts say."""
        if len(found) == len(sent) and _all_fine(found.values()):
            return _Answered(results=[self._results.told(item, found[part.name]) for item, part in sent])
        blamed = {name: one for name, one in found.items() if one.status not in _FINE}
        if not blamed or any(self._is_lost(one) for one in blamed.values()):
            text = f"{self._service.system} did not say what became of a changeset."
            lost_all = [Receipt(ref=item.ref, outcome=Outcome.DOUBT, key=item.key, message=text) for item, _ in sent]
            return _Answered(results=[*lost_all])
        causes = {name: one for name, one in blamed.items() if one.status != HTTPStatus.FAILED_DEPENDENCY} or blamed
        told = [self._results.told(item, causes[part.name]) for item, part in sent if part.name in causes]
        rest = [(item, part) for item, part in sent if part.name not in causes]
        if not told:  # it was refused as a whole, and does not say for whom
            return self._for_nobody(sent, next(iter(causes.values())))
        halt = _halt(told, causes.values())
        if halt is None:
            return _Answered(results=told, again=[rest] if rest else [])
        return _Answered(results=[*told, *(failed(item, halt) for item, _ in rest)], error=halt)

    def _for_nobody(self, sent: _Sent, answer: PartAnswer) -> _Answered:
        """A changeset that was refused without a word on whose part did it."""
        if len(sent) > 1 and not self._results.stops(answer):
            return _Answered(results=[], again=halves(sent))
        results = [self._results.told(item, answer) for item, _ in sent]
        return _Answered(results=results, error=_halt(results, [answer]))

    def _is_lost(self, answer: PartAnswer) -> bool:
        """Did the service fail, and not say with a known code that it refused?"""
        is_failure = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        is_busy = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        return is_failure and not is_busy and self._service.code(answer.body) not in self._service.options.codes


def _by_name(sent: _Sent, answers: Sequence[PartAnswer]) -> dict[str, PartAnswer]:
    """The answers by the names that they say. One that nobody asked for tells nothing, nor do two of one name."""
    known = {part.name for _, part in sent}
    names = [answer.name for answer in answers]
    return {one.name: one for one in answers if one.name in known and names.count(one.name) == 1}


def _plain(answer: _JsonAnswer) -> PartAnswer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return PartAnswer(name=answer.id, status=answer.status, headers=headers, body=bytes(answer.body))


def _all_fine(answers: Iterable[PartAnswer]) -> bool:
    return all(one.status in _FINE for one in answers)


def _halt(results: Sequence[Result], answers: Iterable[PartAnswer]) -> SynclineError | None:
    """What keeps the other parts from being sent: a busy service, or one that locks an account which goes on."""
    barred = next((one for one in results if isinstance(one, Barred)), None)
    if barred and any(one.status in HALTS for one in answers):
        return barred.error
    busy = next((one for one in results if isinstance(one, Receipt) and one.outcome is Outcome.BUSY), None)
    return BusyError(busy.message, wait=busy.wait) if busy else None
