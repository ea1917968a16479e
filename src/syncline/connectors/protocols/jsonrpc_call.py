"""Calling a JSON-RPC service: requests of one call or of a batch, and the answer to each."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.jsonrpc_options import JsonRpcOptions, Operation, Resource
from syncline.connectors.protocols.jsonrpc_params import Values, filled
from syncline.connectors.protocols.jsonrpc_reply import Answer, read_answers
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.verdict import lost
from syncline.errors import BusyError, SetupError, SynclineError, TransientError

_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one call: an answer, None where the service left it out, or why there is none."""

    answer: Answer | None = None
    error: SynclineError | None = None
    response: Response | None = None


class Api:
    """One JSON-RPC endpoint. Thread-safe."""

    def __init__(self, *, wire: Wire, options: JsonRpcOptions) -> None:
        self.wire = wire
        self.options = options

    @property
    def system(self) -> str:
        """Name of the system, for messages."""
        return self.wire.system

    def request(
        self, calls: Sequence[tuple[Operation, Values]], *, writes: bool, send_by: float | None = None
    ) -> Request:
        """These calls in one request, numbered from 1: a batch where there are several."""
        version = {"jsonrpc": "2.0"} if self.options.version == "2.0" else {}
        bodies = [
            {**version, "id": number, "method": operation.method, "params": filled(operation.params, values)}
            for number, (operation, values) in enumerate(calls, 1)
        ]
        body = _encode(bodies if len(bodies) > 1 else bodies[0])
        return Request(
            method="POST", path=self.options.url, headers=_JSON, body=body, writes=writes, send_by=send_by,
            keeps=(HTTPStatus.INTERNAL_SERVER_ERROR,),
        )  # fmt: skip

    def ask(self, calls: Sequence[tuple[Operation, Values]], send_by: float) -> list[Asked]:
        """Make these calls, which write, in one request."""
        request = self.request(calls, writes=True, send_by=send_by)
        return self._read(request, len(calls), self.wire.send_all([request])[0])

    def read(self, calls: Sequence[tuple[Operation, Values]]) -> list[Asked]:
        """Make calls that change nothing, as many in a request as the service takes."""
        size = max(1, self.options.batch)
        parts = [calls[start : start + size] for start in range(0, len(calls), size)]
        requests = [self.request(part, writes=False) for part in parts]
        answers = self.wire.send_all(requests, self.options.concurrency)
        found: list[Asked] = []
        for part, request, answer in zip(parts, requests, answers, strict=True):
            found += self._read(request, len(part), answer)
        return found

    def result(self, asked: Asked, setting: str) -> bytes:
        """The result of a read; whatever else it is, is raised."""
        if asked.error is not None:
            raise asked.error
        answer = asked.answer
        if answer is None:
            msg = f"{self.system} left a call unanswered."
            raise TransientError(msg)
        if answer.fate is None:
            return answer.result
        what = f"{self.system} refused a call: {self.said(answer)}."
        if answer.fate == "busy":
            raise BusyError(f"{self.system} asks us to slow down: {self.said(answer)}.")
        if answer.fate == "doubt":
            raise TransientError(what, cure=f"If it lasts, check {setting}.")
        raise SetupError(what, cure=f"Check {setting} and the rights of the account.")

    def said(self, answer: Answer) -> str:
        """The system's own words without our secrets."""
        return self.wire.hide(answer.said) or "no reason told"

    def _read(self, request: Request, size: int, answer: Response | SynclineError) -> list[Asked]:
        if isinstance(answer, SynclineError):
            return [Asked(error=answer)] * size
        try:
            answers = read_answers(answer.body, range(1, size + 1), self.options.errors)
        except ValueError:
            return [Asked(error=self._unreadable(request, answer))] * size
        return [Asked(answer=one, response=answer) for one in answers]

    def _unreadable(self, request: Request, answer: Response) -> SynclineError:
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return lost(request, f"{self.system} failed (HTTP {answer.status} at {request.place}).")
        if answer.status >= HTTPStatus.BAD_REQUEST:
            what = f"{self.system} refused {request.place} (HTTP {answer.status}) without a word of JSON-RPC."
            return SetupError(what, cure=f"Check systems.{self.system}.url.")
        is_page = answer.body.lstrip()[:1] == b"<"
        kind = "HTML instead of JSON" if is_page else "JSON that ends too early or is none of JSON-RPC"
        return lost(request, f"{self.system} answered {kind}.", cure=f"If it lasts, check systems.{self.system}.url.")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One resource of one service."""

    api: Api
    name: str
    resource: Resource

    @property
    def setting(self) -> str:
        """Where the resource is configured."""
        return f"systems.{self.api.system}.resources.{self.name}"
