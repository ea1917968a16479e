"""Asking a GraphQL API: one request and its reply, with the session opened again where it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Literal

import msgspec

from syncline.connectors.protocols.graphql_document import Variables, document
from syncline.connectors.protocols.graphql_login import SessionCredentials
from syncline.connectors.protocols.graphql_options import GraphQLOptions, Operation, Resource
from syncline.connectors.protocols.graphql_reply import Error, Meaning, Reply, read_reply, words
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.verdict import lost, wait_of
from syncline.env import Env
from syncline.errors import BusyError, SetupError, SynclineError, TransientError

_JSON = {"Content-Type": "application/json", "Accept": "application/graphql-response+json, application/json;q=0.9"}
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and how many operations it asks for."""

    request: Request
    size: int


class Api:
    """One GraphQL endpoint. Thread-safe."""

    def __init__(self, *, wire: Wire, options: GraphQLOptions, session: SessionCredentials | None, env: Env) -> None:
        self.wire = wire
        self.options = options
        self.meaning = Meaning(options.errors.codes, options.errors.types, relogs=session is not None)
        self._session = session
        self._env = env

    @property
    def system(self) -> str:
        """Name of the system, for messages."""
        return self.wire.system

    def request(
        self,
        kind: Literal["query", "mutation"],
        operation: Operation,
        fields: str,
        given: Sequence[Variables],
        send_by: float | None = None,
    ) -> Asking:
        """The operation once for each set of variables, in one request."""
        text, variables = document(kind, operation, fields, given)
        body = _encode({"query": text, "variables": variables})
        request = Request(
            method="POST",
            path=self.options.url,
            headers=_JSON,
            body=body,
            writes=kind == "mutation",
            send_by=send_by,
        )
        return Asking(request=request, size=len(given))

    def ask_all(self, asking: Sequence[Asking]) -> list[tuple[Reply, Response] | SynclineError]:
        """Exchange many; those that only an ended session has failed are asked again."""
        token = self._session.token if self._session else ""
        found = self._exchanged(asking)
        ended = [place for place, one in enumerate(found) if self._has_ended(one)]
        if ended and self._session:
            self._session.expire(token)
            again = [place for place in ended if self._may_repeat(asking[place], found[place])]
            for place, one in zip(again, self._exchanged([asking[place] for place in again]), strict=True):
                found[place] = one
        return found

    def _exchanged(self, asking: Sequence[Asking]) -> list[tuple[Reply, Response] | SynclineError]:
        requests = [one.request for one in asking]
        answers = self.wire.send_all(requests, self.options.concurrency)
        return [self._read(request, answer) for request, answer in zip(requests, answers, strict=True)]

    def _read(self, request: Request, answer: Response | SynclineError) -> tuple[Reply, Response] | SynclineError:
        if isinstance(answer, SynclineError):
            return answer
        try:
            reply = read_reply(answer.body)
        except ValueError:
            return self._unreadable(request, answer)
        asked = wait_of(answer.headers, self._env.now())
        return msgspec.structs.replace(reply, wait=asked if asked is not None else reply.wait), answer

    def _unreadable(self, request: Request, answer: Response) -> SynclineError:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            what = f"{self.system} refused {request.place} (HTTP {answer.status}) without a word of GraphQL."
            return SetupError(what, cure=f"Check systems.{self.system}.url.")
        is_page = answer.body.lstrip()[:1] == b"<"
        kind = "HTML instead of JSON" if is_page else "JSON that ends too early or is none of GraphQL"
        return lost(request, f"{self.system} answered {kind}.", cure=f"If it lasts, check systems.{self.system}.url.")

    def _has_ended(self, found: tuple[Reply, Response] | SynclineError) -> bool:
        """Has the session alone failed all of this? An error further down is a right that is missing there."""
        if self._session is None or isinstance(found, SynclineError) or not found[0].errors:
            return False
        reply = found[0]
        is_above = all(len(error.path) <= 1 and self.meaning.of([error]) == "login" for error in reply.errors)
        return is_above and not any(reply.data.values())

    def _may_repeat(self, asking: Asking, found: tuple[Reply, Response] | SynclineError) -> bool:
        """Was nothing of this done? Of mutations that have run, each must say so itself."""
        if isinstance(found, SynclineError):
            return False
        told = {error.path[0] for error in found[0].errors if error.path}
        return not asking.request.writes or not found[0].has_run or len(told) == asking.size

    # --- reads ------------------------------------------------------------------

    def asked(self, asking: Sequence[Asking]) -> list[tuple[Reply, Response]]:
        """As `ask_all`, where anything that fails a whole request is raised."""
        found: list[tuple[Reply, Response]] = []
        for one in self.ask_all(asking):
            if isinstance(one, SynclineError):
                raise one
            found.append(one)
        return found

    def failed_read(self, reply: Reply, errors: Sequence[Error], setting: str) -> SynclineError:
        """The error that a read without an answer is."""
        fate = self.meaning.of(errors)
        what = f"{self.system} refused a query: {self.said(errors)}."
        if fate == "busy":
            return BusyError(f"{self.system} asks us to slow down: {self.said(errors)}.", wait=self.wait(reply, errors))
        if fate in {"setup", "login"} or not reply.has_run:
            return SetupError(what, cure=f"Check {setting} and the rights of the account.")
        return TransientError(what, cure=f"If it lasts, check {setting}.")

    def wait(self, reply: Reply, errors: Sequence[Error]) -> float | None:
        """The pause that the reply asks for [s]."""
        waits = [error.wait for error in errors if error.wait is not None]
        return max(waits, default=reply.wait)

    def said(self, errors: Sequence[Error]) -> str:
        """The system's own words without our secrets."""
        return self.wire.hide(words(errors)) or "no reason told"


class Call:
    """One resource of one API."""

    def __init__(self, *, api: Api, name: str, resource: Resource) -> None:
        self.api = api
        self.name = name
        self.resource = resource

    @property
    def setting(self) -> str:
        """Where the resource is configured."""
        return f"systems.{self.api.system}.resources.{self.name}"
