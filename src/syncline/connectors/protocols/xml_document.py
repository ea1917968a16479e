"""XML from strangers: no document type, no entities, no depth without end, and nothing is fetched.

The one place of the protocols where XML is parsed. Expat tells each construct as it comes, so that what is not allowed
ends the reading before it is acted on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn
from xml.parsers import expat

import msgspec

DEEPEST = 64  #: elements inside one another
_LARGEST = 32 * 1024 * 1024  #: [bytes]


class Element(msgspec.Struct, kw_only=True):
    """One element; names are without their prefix."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = []

    def each(self, name: str) -> Iterator[Element]:
        """Its direct children of this name."""
        return (child for child in self.children if child.name == name)

    def all(self, name: str) -> Iterator[Element]:
        """Every element of this name below."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.all(name)


def read_xml(body: bytes) -> Element:
    """The root element of a document, without its texts.

    Raises:
        ValueError: It is no XML, or has a document type, an entity, more depth or more bytes than a description needs.

    >>> read_xml(b'<a:x xmlns:a="u"><y k="1"/></a:x>').children[0].attributes
    {'k': '1'}
    """
    if len(body) > _LARGEST:
        msg = f"larger than {_LARGEST:,} bytes"
        raise ValueError(msg)
    root = Element(name="", attributes={}, children=[])
    open_elements = [root]

    def begin(name: str, attributes: dict[str, str]) -> None:
        if len(open_elements) > DEEPEST:
            raise ValueError("nested too deep")
        plain = {_local(one): value for one, value in attributes.items()}
        element = Element(name=_local(name), attributes=plain, children=[])
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_name: str) -> None:
        open_elements.pop()

    parser = wary_parser()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    try:
        parser.Parse(body, True)  # noqa: FBT003  expat takes no names
    except (expat.ExpatError, LookupError) as error:  # an encoding that nobody knows is looked up in vain
        msg = f"no XML: {error}"
        raise ValueError(msg) from None
    return root.children[0]


def look_through(pieces: Iterable[bytes]) -> None:
    """Read a document to its end and keep nothing of it.

    Raises:
        ValueError: It has a document type or an entity.
        SyntaxError: It is no XML.
    """
    parser = wary_parser()
    try:
        for piece in pieces:
            parser.Parse(piece, False)  # noqa: FBT003  expat takes no names
        parser.Parse(b"", True)  # noqa: FBT003
    except (expat.ExpatError, LookupError) as error:
        msg = f"no XML: {error}"
        raise SyntaxError(msg) from None


def wary_parser(separator: str | None = None) -> expat.XMLParserType:
    """A parser that refuses document types and entities by ValueError.

    With a separator it puts each name's namespace, and this, before the name.
    """
    parser = expat.ParserCreate(None, separator)
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = _refused
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    return parser


def _refused(*_: object) -> NoReturn:
    raise ValueError("it has a document type or an entity")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
