"""$batch of the SCM's service, as JSON and as multipart.

A group stands or falls as one. In JSON, its parts that went well before another failed still say so, although all of
them were rolled back, as real services do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from itertools import groupby
from typing import TypeVar

import msgspec

from syncline.sandbox.scm import Scm
from syncline.sandbox.scm_service import ROOT, Answered, Operation, Service, answered, worded
from syncline.sandbox.wording import Refusal

_Part = TypeVar("_Part")
_PARTS_MAX = 1_000
_FAILED = 300  #: from this status on a part has failed
_NOT_DONE = Answered(status=424)
_BOUNDARY, _INNER = "batch_answer", "changeset_answer"


class _Entry(msgspec.Struct):
    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"")
    atomicityGroup: str | None = None  # noqa: N815 - a name of the protocol


class _Entries(msgspec.Struct):
    requests: list[_Entry]


class _RolledBackError(Exception):
    """A part of a group has failed."""


def batched(scm: Scm, service: Service, operation: Operation) -> Answered:
    """Answer a batch."""
    batch = _Batch(scm, service, goes_on="continue-on-error" in operation.headers.get("prefer", ""))
    if "json" in operation.headers.get("content-type", ""):
        return batch.as_json(operation.body)
    return batch.as_multipart(operation)


class _Batch:
    def __init__(self, scm: Scm, service: Service, *, goes_on: bool) -> None:
        self._scm = scm
        self._service = service
        self._goes_on = goes_on

    # --- JSON -------------------------------------------------------------------

    def as_json(self, body: bytes) -> Answered:
        try:
            entries = _few(msgspec.json.decode(body, type=_Entries).requests)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise Refusal(400, "400", f"This is no batch: {problem}") from None
        answers: list[tuple[str, Answered]] = []
        for group, found in groupby(enumerate(entries), lambda one: one[1].atomicityGroup or one[0]):
            members = [entry for _, entry in found]
            operations = [_operation(entry) for entry in members]
            told = self._together(operations) if isinstance(group, str) else [self._tried(operations[0])]
            answers += zip([entry.id for entry in members], told, strict=True)
            if any(one.status >= _FAILED for one in told) and not self._goes_on:
                break
        # The order of the answers is nobody's.
        return answered({"responses": [_response(name, one) for name, one in reversed(answers)]})

    # --- multipart --------------------------------------------------------------

    def as_multipart(self, operation: Operation) -> Answered:
        pieces: list[bytes] = []
        for place in _places(operation):
            if place.is_multipart():
                piece, failed = self._changeset(_parts(place))
            else:
                answer = self._tried(_said(place))
                piece, failed = _http(place["Content-ID"], answer), answer.status >= _FAILED
            pieces.append(piece)
            if failed and not self._goes_on:
                break
        return Answered(status=200, body=_multipart(pieces, _BOUNDARY), content_type=_mixed(_BOUNDARY))

    def _changeset(self, parts: Sequence[Message]) -> tuple[bytes, bool]:
        """All answers of a changeset that held; the one error that stands for all of one that did not."""
        answers = self._together([_said(part) for part in parts])
        wrong = next((one for one in answers if one.status >= _FAILED), None)
        if wrong is not None:
            return _http(parts[0]["Content-ID"] if len(parts) == 1 else None, wrong), True
        told = [_http(part["Content-ID"], one) for part, one in zip(parts, answers, strict=True)]
        head = f"Content-Type: {_mixed(_INNER)}\r\n\r\n".encode()
        return head + _multipart(told, _INNER), False

    # --- doing ------------------------------------------------------------------

    def _tried(self, operation: Operation) -> Answered:
        try:
            return self._service.done(operation)
        except Refusal as refusal:
            return worded(refusal)

    def _together(self, operations: Sequence[Operation]) -> list[Answered]:
        """Do all of them or none."""
        answers: list[Answered] = []
        counted = {name: counts.copy() for name, counts in self._scm.tally.records.items()}
        try:
            with self._scm.state.transaction():
                for operation in operations:
                    answers.append(self._tried(operation))
                    if answers[-1].status >= _FAILED:
                        raise _RolledBackError  # noqa: TRY301 - it ends the transaction
        except _RolledBackError:
            self._scm.tally.records.clear()
            self._scm.tally.records.update(counted)
        return [*answers, *[_NOT_DONE] * (len(operations) - len(answers))]


def _few(parts: list[_Part]) -> list[_Part]:
    if len(parts) > _PARTS_MAX:
        raise Refusal(413, "413", f"A batch has at most {_PARTS_MAX} parts")
    return parts


def _operation(entry: _Entry) -> Operation:
    headers = {name.lower(): value for name, value in entry.headers.items()}
    address = entry.url.removeprefix(ROOT).removeprefix("/")
    return Operation(method=entry.method.upper(), address=address, headers=headers, body=bytes(entry.body))


def _response(name: str, answer: Answered) -> dict[str, object]:
    headers = {one.lower(): value for one, value in answer.headers.items()}
    told: dict[str, object] = {"id": name, "status": answer.status, "headers": headers}
    return {**told, "body": msgspec.Raw(answer.body)} if answer.body else told


# --- multipart ------------------------------------------------------------------


def _places(operation: Operation) -> list[Message]:
    head = f"Content-Type: {operation.headers.get('content-type', '')}\r\n\r\n".encode()
    try:
        return _parts(message_from_bytes(head + operation.body))
    except RecursionError:
        raise Refusal(400, "400", "This batch is nested too deep") from None


def _parts(message: Message) -> list[Message]:
    parts = message.get_payload()
    if not isinstance(parts, list):
        raise Refusal(415, "415", "A batch is multipart/mixed or JSON")
    return _few([part for part in parts if isinstance(part, Message)])


def _said(part: Message) -> Operation:
    """The request that a part holds."""
    raw = part.get_payload(decode=True)
    line, _, rest = (raw if isinstance(raw, bytes) else b"").partition(b"\r\n")
    head, _, body = rest.partition(b"\r\n\r\n")
    words = line.decode("latin-1").split(" ")
    if len(words) != 3:  # noqa: PLR2004 - method, address, version
        raise Refusal(400, "400", "A part of the batch is no request")
    pairs = (one.partition(":") for one in head.decode("latin-1").splitlines())
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    found = _Entry(id="", method=words[0], url=words[1], headers=headers)
    return replace(_operation(found), body=body.strip(b"\r\n"))


def _http(name: str | None, answer: Answered) -> bytes:
    """A part with an answer in it."""
    headers = {"Content-Length": str(len(answer.body)), "Content-Type": answer.content_type, **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} -", *(f"{one}: {value}" for one, value in headers.items())]
    known = [f"Content-ID: {name}"] if name else []
    above = ["Content-Type: application/http", "Content-Transfer-Encoding: binary", *known]
    return "\r\n".join([*above, "", *lines, "", ""]).encode() + answer.body


def _multipart(pieces: Sequence[bytes], boundary: str) -> bytes:
    inner = b"".join(f"--{boundary}\r\n".encode() + piece + b"\r\n" for piece in pieces)
    return inner + f"--{boundary}--\r\n".encode()


def _mixed(boundary: str) -> str:
    return f"multipart/mixed; boundary={boundary}"
