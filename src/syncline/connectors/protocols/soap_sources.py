"""Where the documents of a description come from: the same origin, or the same folder; bounded, and looked through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.request import Request
from syncline.connectors.protocols.soap_checks import is_address
from syncline.connectors.protocols.xml_document import Element, read_xml
from syncline.errors import SetupError, TransientError

_MOST = 200  #: documents that a description may import
_LARGEST = 32 * 1024 * 1024  #: of all of them [bytes]
_XSD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{}">{}</xs:schema>'
_XML = _XSD.format(
    "http://www.w3.org/XML/1998/namespace",
    "".join(
        f'<xs:attribute name="{name}" type="xs:{kind}"/>'
        for name, kind in {"lang": "language", "space": "NCName", "base": "anyURI", "id": "ID"}.items()
    )
    + '<xs:attributeGroup name="specialAttrs"/>',
).encode()
_ENCODING = _XSD.format(
    "http://schemas.xmlsoap.org/soap/encoding/",
    '<xs:attribute name="arrayType" type="xs:string"/><xs:attributeGroup name="commonAttributes"/>'
    '<xs:complexType name="Array"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded"/></xs:sequence>'
    "</xs:complexType>",
).encode()
#: Documents of the standards that descriptions name by their address; nobody has to be asked for them.
_KNOWN = {
    "http://www.w3.org/2001/xml.xsd": _XML,
    "https://www.w3.org/2001/xml.xsd": _XML,
    "http://www.w3.org/2001/03/xml.xsd": _XML,
    "http://schemas.xmlsoap.org/soap/encoding/": _ENCODING,
    "https://schemas.xmlsoap.org/soap/encoding/": _ENCODING,
}


class Sources:
    """Loads what a description is made of, each document once. `load` is what zeep asks for."""

    def __init__(self, system: str, wsdl: str, wire: Wire | None) -> None:
        self._system = system
        self._wire = wire
        self._folder = None if wire else Path(wsdl).resolve().parent
        self._left = _LARGEST
        self.start = wsdl if wire else str(Path(wsdl).resolve())
        self.documents: dict[str, Element] = {}  #: place -> what stands there
        self._bodies: dict[str, bytes] = {}

    def load(self, place: str) -> bytes:
        """A document.

        Raises:
            SetupError: It is elsewhere, or no person can have meant it.
            TransientError: It is fetched, and nobody can read what came.
        """
        if place in _KNOWN:
            return _KNOWN[place]
        if place not in self._bodies:
            if len(self._bodies) >= _MOST:
                raise self._refused(place, f"the description has more than {_MOST} documents")
            body = self._fetched(place) if self._wire else self._read(place)
            self._left -= len(body)
            if self._left < 0:
                raise self._refused(place, f"the description is larger than {_LARGEST:,} bytes")
            try:
                self.documents[place] = read_xml(body)
            except ValueError as error:
                raise self._unreadable(place, str(error)) from None
            self._bodies[place] = body
        return self._bodies[place]

    def _fetched(self, place: str) -> bytes:
        assert self._wire is not None  # noqa: S101  who calls has looked
        if not is_address(place):
            raise self._refused(place, "it points to something that is fetched by no address")
        request = Request(path=place, headers={"Accept": "text/xml, application/wsdl+xml, application/xml"})
        answer = self._wire.send(request)
        if not answer.ok:
            msg = f"{self._system} shows no description at {request.place} (HTTP {answer.status})."
            raise SetupError(msg, cure=f"Check systems.{self._system}.wsdl.")
        return answer.body

    def _read(self, place: str) -> bytes:
        path = Path(place)
        if "://" in place or self._folder is None or not path.resolve().is_relative_to(self._folder):
            raise self._refused(place, "a description in a file takes nothing from elsewhere than beside it")
        try:
            with path.open("rb") as file:
                return file.read(_LARGEST + 1)
        except OSError as error:
            msg = f"The description of {self._system} cannot be read from {path.name}: {error.strerror}."
            raise SetupError(msg, cure=f"Check systems.{self._system}.wsdl.") from None

    def _refused(self, place: str, why: str) -> SetupError:
        msg = f"The description of {self._system} is not followed to {place.partition('?')[0]}: {why}."
        return SetupError(msg, cure="Keep a copy of all its documents beside the project, and set wsdl and url.")

    def _unreadable(self, place: str, why: str) -> TransientError | SetupError:
        msg = f"{self._system} is described at {place.partition('?')[0]} in a way that cannot be read: {why}."
        kind: Callable[..., TransientError | SetupError] = TransientError if self._wire else SetupError
        return kind(msg, cure=f"If it lasts, check systems.{self._system}.wsdl.")
