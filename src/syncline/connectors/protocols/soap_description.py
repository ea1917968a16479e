"""What the description of a service (WSDL) says about its operations; zeep reads it, and fetches nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import msgspec
from zeep.settings import Settings
from zeep.transports import Transport
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding, SoapOperation
from zeep.wsdl.definitions import Port

from syncline.connectors.protocols.soap_layout import Layout, Message
from syncline.connectors.protocols.soap_options import SoapOptions
from syncline.connectors.protocols.soap_schema import Schema, messages
from syncline.connectors.protocols.soap_sources import Sources
from syncline.connectors.protocols.xml_document import Element
from syncline.errors import SetupError, SynclineError, TransientError

_SHORT = 200  #: of what zeep says [characters]


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    name: str
    action: str
    input: Message | None
    output: Message | None  #: None: nothing is answered
    headers: Mapping[str, Message]
    is_rpc: bool = False


class Description:
    """One port of one service."""

    def __init__(self, port: Port, schema: Schema, encoded: frozenset[str], system: str) -> None:
        self._binding = _binding_of(port)
        self._schema = schema
        self._encoded = encoded
        self._system = system
        self.is_newer = isinstance(port.binding, Soap12Binding)  #: SOAP 1.2
        self.address = str((port.binding_options or {}).get("address") or "")
        self._made: dict[str, Described] = {}

    @property
    def names(self) -> Sequence[str]:
        """Its operations."""
        return sorted(self._operations)

    @property
    def _operations(self) -> Mapping[str, object]:
        operations: Mapping[str, object] = self._binding.all()  # type: ignore[no-untyped-call]  # zeep says no types here
        return operations

    def operation(self, name: str) -> Described:
        """An operation.

        Raises:
            SetupError: There is none of this name, or it is one that the hub does not speak.
        """
        if name not in self._made:
            self._made[name] = self._described(name)
        return self._made[name]

    def named(self, name: str) -> Layout | None:
        """The layout of a type that an element says it is of."""
        return self._schema.named(name)

    def _described(self, name: str) -> Described:
        found = self._operations.get(name)
        if not isinstance(found, SoapOperation):
            msg = f"{self._system} has no operation {name}."
            raise SetupError(msg, cure=f"It has: {', '.join(self.names)}.")
        inner = [one for one in (found.input, found.output) if one is not None]
        if name in self._encoded:
            raise self._unspoken(name, "its values are encoded (use=encoded), not literal")
        if any(one._is_body_wrapped for one in inner):  # noqa: SLF001  zeep says it nowhere else
            raise self._unspoken(name, "its body has several parts")
        return Described(
            name=name,
            action=found.soapaction or "",
            input=self._message(found.input),
            output=self._message(found.output),
            headers=messages(self._schema, found.input.header if found.input else None),
            is_rpc=found.style == "rpc",
        )

    def _message(self, message: object) -> Message | None:
        body = getattr(message, "body", None)
        return None if body is None else self._schema.message(body)

    def _unspoken(self, name: str, why: str) -> SetupError:
        return SetupError(f"{self._system}: operation {name} cannot be called: {why}.", cure="Choose another one.")


def read_description(system: str, options: SoapOptions, sources: Sources) -> Description:
    """The port that the options choose.

    Raises:
        SetupError: There is none such.
        TransientError: Nobody can make sense of the documents.
    """
    strict = Settings(strict=True, forbid_dtd=True, forbid_entities=True, xml_huge_tree=False)
    try:
        document = Document(sources.start, cast("type[Transport]", sources), settings=strict)  # only `load` is called
        schema = Schema(iter(document.types.types))
    except SynclineError:
        raise
    except Exception as error:  # what a strange description makes of a library for sound ones is anything
        words = f"{type(error).__name__} {error}"[:_SHORT]
        msg = f"The description of {system} makes no sense: {words}."
        raise TransientError(msg, cure=f"If it lasts, check systems.{system}.wsdl.") from error
    port = _chosen(document, system, options)
    encoded = frozenset(
        name for root in sources.documents.values() for name in _encoded(root, _binding_of(port).name.localname)
    )
    return Description(port, schema, encoded, system)


def _chosen(document: Document, system: str, options: SoapOptions) -> Port:
    speaking: dict[tuple[str, str], Port] = {
        (service, port.name): port
        for service, one in document.services.items()
        for port in one.ports.values()
        if isinstance(port.binding, SoapBinding)
    }
    for (service, name), port in speaking.items():
        if options.service in {"", service} and options.port in {"", name}:
            return port
    msg = f"The description of {system} has no port that speaks SOAP and is the configured one."
    known = ", ".join(f"service {service} with port {name}" for service, name in speaking) or "none"
    raise SetupError(msg, cure=f"Check systems.{system}: service and port. There are: {known}.")


def _binding_of(port: Port) -> SoapBinding:
    return cast("SoapBinding", port.binding)


def _encoded(root: Element, binding: str) -> Iterator[str]:
    """Operations of this binding whose values are encoded, as in old services."""
    for one in root.each("binding"):
        if one.attributes.get("name") == binding:
            for operation in one.each("operation"):
                if any(body.attributes.get("use") == "encoded" for body in operation.all("body")):
                    yield operation.attributes.get("name", "")
