"""What a SOAP service has answered: values by the layout of the operation, or a fault. Pure.

The answer is read once, from its beginning to its end, and nothing is kept that the layout does not know: no tree of it
is ever built. nil is null, an element without content is an empty text, one that is not there has no value at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from xml.parsers import expat

import msgspec

from syncline.connectors.protocols.soap_layout import CONTENT, Layout, Message, Part
from syncline.connectors.protocols.soap_values import Scalars
from syncline.connectors.protocols.xml_document import DEEPEST, wary_parser

SPACES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")  #: 1.1 and 1.2
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL, _TYPE = f"{XSI} nil", f"{XSI} type"
_MOST = 2_000_000  #: elements of one answer
_MOST_OF_FAULT = 500
_WORDS = 500  #: of a fault that are kept [characters]
_YES = frozenset({"true", "1"})
_HOLDER = 3  #: elements around what a fault says
_OUTER = 2  #: elements around what is answered

Named = Callable[[str], Layout | None]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """The service's own words for what went wrong."""

    codes: Sequence[str]  #: what tells the kind of it, the most special first
    words: str
    detail: Mapping[str, str]  #: place in the detail -> text


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer."""

    value: object = None  #: what stands in the element that was answered
    fault: Fault | None = None


class _Frame(msgspec.Struct, gc=False):
    layout: Layout | None  #: None: nobody asks for what is in here
    values: dict[str, object]
    texts: list[str]
    part: Part | None
    is_nil: bool


def read_answer(body: bytes, output: Message | None, scalars: Scalars, named: Named, *, is_loose: bool) -> Answer:
    """The answer.

    Args:
        body: What came.
        output: The element that is to be answered; None where none is.
        scalars: How values are read.
        named: The layout of a type that an element says it is of.
        is_loose: The name of the element does not count.

    Raises:
        ValueError: It is no whole envelope, or another one than was asked for.
    """
    reading = _Reading(output, scalars, named, is_loose=is_loose)
    parser = wary_parser(" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reading.begin, reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(body, True)  # noqa: FBT003  expat takes no names
    except (expat.ExpatError, LookupError) as error:  # an encoding that nobody knows is looked up in vain
        msg = f"no whole XML: {error}"
        raise ValueError(msg) from None
    return reading.answer()


class _Reading:
    """One answer on its way through expat."""

    def __init__(self, output: Message | None, scalars: Scalars, named: Named, *, is_loose: bool) -> None:
        self._output = output
        self._scalars = scalars
        self._named = named
        self._is_loose = is_loose
        self._names: dict[str, str] = {}  #: with namespace -> without
        self._open: list[str] = []
        self._frames: list[_Frame] = []
        self._count = 0
        self._fault: dict[str, list[str]] | None = None
        self._has_body = self._is_answered = False
        self._value: object = None

    # --- elements as they come ------------------------------------------------------

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        depth = len(self._open)
        self._count += 1
        if depth >= DEEPEST or self._count > _MOST:
            raise ValueError("nested too deep" if depth >= DEEPEST else "more elements than an answer may have")
        local = self._names.get(name) or self._names.setdefault(name, name.rpartition(" ")[2])
        self._open.append(local)
        if self._frames:
            self._frames.append(self._below(self._frames[-1], local, attributes))
        elif self._fault is not None:
            self._fault.setdefault(".".join(self._open[_HOLDER:]), [])
            if len(self._fault) > _MOST_OF_FAULT:
                raise ValueError("a fault without end")
        elif depth <= _OUTER:
            self._begin_outside(depth, name, local, attributes)

    def _begin_outside(self, depth: int, name: str, local: str, attributes: dict[str, str]) -> None:
        if depth < _OUTER:
            wanted = ("Envelope",) if depth == 0 else ("Header", "Body")
            if local not in wanted or name.partition(" ")[0] not in SPACES:
                raise ValueError("no envelope of SOAP")
            self._has_body = self._has_body or local == "Body"
        elif self._open[1] == "Body" and local == "Fault" and name.partition(" ")[0] in SPACES:
            self._fault = {}
        elif self._open[1] == "Body" and not self._is_answered:
            output = self._output
            if output is not None and local != output.name and not self._is_loose:
                msg = f"an answer to something else ({local})"
                raise ValueError(msg)
            self._is_answered = True
            is_nil = attributes.get(_NIL) in _YES
            self._frames.append(_Frame(output.layout if output else None, {}, [], None, is_nil))

    def _below(self, parent: _Frame, local: str, attributes: dict[str, str]) -> _Frame:
        part = parent.layout.parts.get(local) if parent.layout else None
        if part is None:
            return _Frame(None, {}, [], None, False)  # noqa: FBT003  a frame is made for every element
        layout: Layout = part.layout
        values: dict[str, object] = {}
        if not attributes:
            return _Frame(layout, values, [], part, False)  # noqa: FBT003  see above
        if _TYPE in attributes and not layout.kind:
            layout = self._named(attributes[_TYPE].rpartition(":")[2]) or layout
        if attributes.get("href", "").startswith("#") and "@href" not in layout.attributes:
            raise ValueError("values that stand elsewhere in the answer (multiRef)")
        for name, kind in layout.attributes.items():
            shown = attributes.get(name[1:])
            if shown is not None:
                values[name] = self._scalars.shown(kind, shown)
        return _Frame(layout, values, [], part, attributes.get(_NIL) in _YES)

    def text(self, text: str) -> None:
        """A piece of text."""
        if self._frames:
            layout = self._frames[-1].layout
            if layout is not None and (layout.kind or layout.content):
                self._frames[-1].texts.append(text)
        elif self._fault is not None and len(self._open) > _HOLDER:
            self._fault[".".join(self._open[_HOLDER:])].append(text)

    def end(self, _: str) -> None:
        """An element ends."""
        self._open.pop()
        if not self._frames:
            return
        frame = self._frames.pop()
        if frame.layout is None:
            return
        value = self._finished(frame, frame.layout)
        if not self._frames:
            self._value = value
        elif frame.part is not None:
            around, name = self._frames[-1].values, frame.part.name
            if frame.part.many:
                around.setdefault(name, []).append(value)  # type: ignore[attr-defined]  # a list, by the same part
            else:
                around[name] = value

    def _finished(self, frame: _Frame, layout: Layout) -> object:
        if frame.is_nil:
            return None
        if layout.kind:
            return self._scalars.shown(layout.kind, "".join(frame.texts))
        if layout.item is not None:
            return frame.values.get(layout.item.name, [])
        if layout.content:
            frame.values[CONTENT] = self._scalars.shown(layout.content, "".join(frame.texts))
        for name in layout.lists:
            frame.values.setdefault(name, [])
        return frame.values

    # --- the whole ------------------------------------------------------------------

    def answer(self) -> Answer:
        """What it came to."""
        if self._fault is not None:
            return Answer(fault=_told({place: "".join(texts).strip() for place, texts in self._fault.items()}))
        if not self._has_body or (self._output is not None and not self._is_answered):
            raise ValueError("an envelope without an answer")
        return Answer(value=self._value)


def _told(found: Mapping[str, str]) -> Fault:
    """A fault of either version."""
    detail = {
        place.partition(".")[2]: text
        for place, text in found.items()
        if place.partition(".")[0].lower() == "detail" and "." in place
    }
    subcodes = [text for place, text in found.items() if place.startswith("Code.") and place.endswith("Subcode.Value")]
    named = [_plain(code) for code in [*reversed(subcodes), found.get("Code.Value", found.get("faultcode", ""))]]
    outer = list(dict.fromkeys(place.partition(".")[0] for place in detail))
    codes = [*outer, *(way for code in named for way in _ways(code))]
    words = found.get("faultstring", found.get("Reason.Text", ""))
    return Fault(codes=[code for code in codes if code], words=words[:_WORDS], detail=detail)


def _plain(code: str) -> str:
    return code.rpartition(":")[2].strip()


def _ways(code: str) -> Sequence[str]:
    """A code with dots, from the most special to the most general.

    >>> _ways("Client.Order.Missing")
    ['Client.Order.Missing', 'Missing', 'Client.Order', 'Client']
    """
    steps = code.split(".")
    shorter = [".".join(steps[:length]) for length in range(len(steps) - 1, 0, -1)]
    return [code, *(steps[-1:] if len(steps) > 1 else []), *shorter]
