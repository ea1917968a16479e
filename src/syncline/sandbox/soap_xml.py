"""Envelopes of SOAP 1.1: read from strangers with care, written by hand.

No document type, no entity, no depth without end: what is not allowed ends the reading.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DEEPEST = 32
_SEPARATOR = " "


@dataclass(slots=True)
class Element:
    """One element; its name is `namespace local`, or `local` alone."""

    name: str
    nil: bool = False
    text: str = ""
    children: list[Element] = field(default_factory=list)

    @property
    def local(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(_SEPARATOR)[2]

    def child(self, local: str) -> Element | None:
        """The first child of this name."""
        return next(self.each(local), None)

    def each(self, local: str) -> Iterator[Element]:
        """The children of this name."""
        return (one for one in self.children if one.local == local)

    def value(self, local: str) -> str | None:
        """The text of a child; None where it is missing or nil."""
        found = self.child(local)
        return None if found is None or found.nil else found.text.strip()


def asked(body: bytes) -> Element:
    """The element that an envelope's body holds.

    Raises:
        ValueError: It is no envelope, or has what no envelope needs.
    """
    root = _read(body)
    if root.name != f"{ENVELOPE}{_SEPARATOR}Envelope":
        raise ValueError("no SOAP 1.1 envelope")
    inner = root.child("Body")
    if inner is None or len(inner.children) != 1:
        raise ValueError("an envelope with one element in its body is expected")
    return inner.children[0]


def _read(body: bytes) -> Element:
    top = Element(name="")
    path = [top]

    def begin(name: str, attributes: dict[str, str]) -> None:
        if len(path) > _DEEPEST:
            raise ValueError("nested too deep")
        nil = attributes.get(f"{XSI}{_SEPARATOR}nil") in {"true", "1"}
        element = Element(name=name, nil=nil)
        path[-1].children.append(element)
        path.append(element)

    def text(data: str) -> None:
        path[-1].text += data

    def end(_: str) -> None:
        path.pop()

    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = _refused
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = begin, text, end
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat takes no names
    except expat.ExpatError as problem:
        raise ValueError(f"no XML: {problem}") from None
    return top.children[0]


def _refused(*_: object) -> NoReturn:
    raise ValueError("document types and entities are not allowed")


def element(name: str, content: str | None) -> str:
    """An element with ready content; None is nil."""
    return f'<{name} xsi:nil="true"/>' if content is None else f"<{name}>{content}</{name}>"


def plain(text: object) -> str:
    """A text as XML can carry it: what it cannot is left out."""
    return escape("".join(letter for letter in str(text) if letter >= " " or letter in "\t\n"), {"\r": "&#13;"})


def envelope(content: str) -> bytes:
    """The envelope around the content of a body, which names its own namespaces."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{ENVELOPE}" xmlns:xsi="{XSI}">'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    ).encode()


def fault(code: str, words: str, detail: str) -> bytes:
    """The envelope of a refusal; `code` is Client or Server."""
    told = element("faultcode", f"soap:{code}") + element("faultstring", plain(words)) + element("detail", detail)
    return envelope(f"<soap:Fault>{told}</soap:Fault>")
