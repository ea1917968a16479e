"""One SOAP service as everything that talks to it sees it: its description, its envelopes, and what an answer is."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from http import HTTPStatus
from zoneinfo import ZoneInfo

import msgspec

from syncline.connectors.protocols.auth import AuthOptions, Credentials
from syncline.connectors.protocols.egress import origin_of
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.paths import Steps, steps_of
from syncline.connectors.protocols.promises import wire_settings
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.soap_answer import SPACES, XSI, Answer, Fault, read_answer
from syncline.connectors.protocols.soap_body import Body, placed
from syncline.connectors.protocols.soap_checks import is_address
from syncline.connectors.protocols.soap_description import Described, Description, read_description
from syncline.connectors.protocols.soap_faults import Meaning, said
from syncline.connectors.protocols.soap_options import Null, Operation, SoapOptions
from syncline.connectors.protocols.soap_paths import check_paths
from syncline.connectors.protocols.soap_security import EnvelopeCredentials, security_header
from syncline.connectors.protocols.soap_sources import Sources
from syncline.connectors.protocols.soap_values import Scalars
from syncline.connectors.protocols.verdict import lost, wait_of
from syncline.env import Env
from syncline.errors import BusyError, RejectedError, SetupError, SynclineError, TransientError

_KEPT = frozenset({HTTPStatus.INTERNAL_SERVER_ERROR})  #: the status of a fault, whose code tells what it means
_STEMS = {False: "text/xml; charset=utf-8", True: "application/soap+xml; charset=utf-8"}

Given = Sequence[tuple[Steps, object]]  #: places in a request, and what goes there


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and the operation that it asks for."""

    request: Request
    operation: Described


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came: a value or a fault, and the answer that held it."""

    answer: Answer
    response: Response
    wait: float | None = None  #: the pause that it asks for [s]


class Service:
    """One service. Thread-safe: only connections and the description are kept."""

    def __init__(self, system: str, options: SoapOptions, env: Env) -> None:
        self.system = system
        self.options = options
        self.meaning = Meaning(options.faults)
        self.scalars = Scalars(ZoneInfo(options.zone) if options.zone else None)
        self._env = env
        self._constants: dict[int, Given] = {}
        credentials = EnvelopeCredentials(options, system)
        settings = wire_settings(options)
        self.wire = Wire(
            system=system, url=options.url or options.wsdl, credentials=credentials, env=env, settings=settings
        )
        self._reading = threading.Lock()
        self._description: Description | None = None
        self._endpoint = options.url

    def close(self) -> None:
        """Let connections go."""
        self.wire.close()

    # --- the description --------------------------------------------------------

    @property
    def description(self) -> Description:
        """What the description says, read once; SetupError where the configuration does not fit it."""
        with self._reading:
            if self._description is None:
                self._description = self._described()
            return self._description

    def _described(self) -> Description:
        options = self.options
        if not is_address(options.wsdl):
            found = read_description(self.system, options, Sources(self.system, options.wsdl, None))
        elif origin_of(options.wsdl) == self.wire.origin:
            found = read_description(self.system, options, Sources(self.system, options.wsdl, self.wire))
        else:  # another place, which is told no secret
            nobody = Credentials(AuthOptions(), self.system)
            settings = msgspec.structs.replace(wire_settings(options), headers={})
            wire = Wire(system=self.system, url=options.wsdl, credentials=nobody, env=self._env, settings=settings)
            try:
                found = read_description(self.system, options, Sources(self.system, options.wsdl, wire))
            finally:
                wire.close()
        self._endpoint = options.url or self._named(found.address)
        check_paths(self.system, options, found)
        return found

    def _named(self, address: str) -> str:
        """Where the description says that it is asked: only if that is where the description came from."""
        try:
            is_ours = origin_of(address) == self.wire.origin
        except ValueError:
            is_ours = False
        if not is_ours:
            where = address.partition("?")[0] or "no place"
            msg = f"The description of {self.system} says that it is asked at {where}, which is not where it came from."
            raise SetupError(msg, cure=f"Set systems.{self.system}.url to the address of the service.")
        return address

    # --- asking -------------------------------------------------------------------

    def asking(
        self,
        operation: Operation,
        given: Given,
        *,
        null: Null = "nil",
        writes: bool = False,
        send_by: float | None = None,
    ) -> Asking:
        """One request.

        Raises:
            RejectedError: A value cannot be said in it.
        """
        description = self.description
        described = description.operation(operation.operation)
        value: object = {}
        for steps, one in [*self._fixed(operation), *given]:
            value = placed(value, steps, one)
        try:
            text = self._envelope(described, value, null)
        except ValueError as error:
            what = f"{self.system} cannot be asked for {operation.operation}: {self.wire.hide(str(error))}."
            raise RejectedError(what) from None
        headers = {"Content-Type": _STEMS[description.is_newer], "Accept": "text/xml, application/soap+xml"}
        if description.is_newer:
            headers["Content-Type"] += f'; action="{described.action}"' if described.action else ""
        else:
            headers["SOAPAction"] = f'"{described.action}"'
        request = Request(
            method="POST", path=self._endpoint, headers=headers, body=text.encode(), writes=writes, send_by=send_by,
            keeps=_KEPT,
        )  # fmt: skip
        return Asking(request=request, operation=described)

    def _fixed(self, operation: Operation) -> Given:
        known = self._constants.get(id(operation))  # the options live as long as we do
        if known is None:
            known = [(steps_of(path), value) for path, value in operation.constants.items()]
            self._constants[id(operation)] = known
        return known

    def _envelope(self, described: Described, value: object, null: Null) -> str:
        body = Body(self.scalars, null)
        inner = body.element(described.input, value) if described.input else ""
        headers = "".join(
            body.element(described.headers[name], fields)
            for name, fields in self.options.soap_headers.items()
            if name in described.headers
        )
        if self.options.username_token:
            headers += security_header(self.options.username_token, self._env, "env")
        space = SPACES[self.description.is_newer]
        header = f"<env:Header>{headers}</env:Header>" if headers else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="{space}" xmlns:xsi="{XSI}"{body.declared}>'
            f"{header}<env:Body>{inner}</env:Body></env:Envelope>"
        )

    def ask_all(self, asking: Sequence[Asking]) -> list[Told | SynclineError]:
        """Exchange many, several at a time."""
        answers = self.wire.send_all([one.request for one in asking], self.options.concurrency)
        return [self._read(one, answer) for one, answer in zip(asking, answers, strict=True)]

    def _read(self, asking: Asking, response: Response | SynclineError) -> Told | SynclineError:
        if isinstance(response, SynclineError):
            return response
        described, body = asking.operation, response.body
        wait = wait_of(response.headers, self._env.now())
        if response.ok and not body.strip() and described.output is None:
            return Told(answer=Answer(), response=response, wait=wait)
        try:
            answer = read_answer(
                body, described.output, self.scalars, self.description.named, is_loose=described.is_rpc
            )
        except ValueError as error:
            return self._unreadable(asking.request, response, str(error))
        if answer.fault is None and not response.ok:
            return self._unreadable(asking.request, response, "no fault")
        return Told(answer=answer, response=response, wait=wait)

    def _unreadable(self, request: Request, response: Response, why: str) -> SynclineError:
        cure = f"If it lasts, check systems.{self.system}: wsdl and url."
        if response.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return lost(request, f"{self.system} failed (HTTP 500 at {request.place}).")
        if not response.ok:
            what = f"{self.system} refused {request.place} (HTTP {response.status}) without a word of SOAP."
            return SetupError(what, cure=f"Check systems.{self.system}: wsdl and url.")
        kind = response.headers.get("content-type", "").partition(";")[0]
        hint = " Attachments (MTOM) are not read." if kind == "multipart/related" else ""
        shown = f" of type {kind}" if kind and "xml" not in kind else ""
        return lost(request, f"{self.system} answered something{shown} that is no whole SOAP: {why}.{hint}", cure=cure)

    # --- reads --------------------------------------------------------------------

    def asked(self, asking: Sequence[Asking]) -> list[Told]:
        """As `ask_all`, where anything that brought no envelope is raised."""
        found: list[Told] = []
        for one in self.ask_all(asking):
            if isinstance(one, SynclineError):
                raise one
            found.append(one)
        return found

    def failed_read(self, told: Told, fault: Fault, setting: str) -> SynclineError:
        """The error that a read with a fault is."""
        fate, words = self.meaning.of(fault), self.said(fault)
        if fate == "busy":
            return BusyError(f"{self.system} asks us to slow down: {words}.", wait=told.wait)
        what = f"{self.system} refused a request: {words}."
        if fate in {"setup", "refused"}:
            return SetupError(what, cure=f"Check {setting} and the rights of the account.")
        return TransientError(what, cure=f"If it lasts, check {setting}.", wait=told.wait)

    def said(self, fault: Fault) -> str:
        """The system's own words without our secrets."""
        return self.wire.hide(said(fault))
