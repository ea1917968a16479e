"""From the types of a description, as zeep reads them, to layouts; only of what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zeep import xsd
from zeep.xsd.types import builtins

from syncline.connectors.protocols.soap_layout import Layout, Message, Part

_CONTENT = "_value_1"  #: zeep's name for the text of an element that has attributes too
#: Built-in types by what their values are; a type of a list of types is text.
_KINDS = (
    (builtins.Boolean, "boolean"),
    (builtins.Integer, "integer"),
    (builtins.Decimal, "decimal"),
    (builtins.Float, "float"),
    (builtins.Double, "float"),
    (builtins.DateTime, "dateTime"),
    (builtins.Date, "date"),
)


class Schema:
    """Layouts out of one description; a type is looked at once."""

    def __init__(self, types: Iterator[object]) -> None:
        self._made: dict[int, Layout] = {}
        self._kept: list[object] = []  #: so that no other type gets the number of one that is gone
        self._types: dict[str, object] = {}
        twice: set[str] = set()
        for one in types:
            name = one.qname.localname if isinstance(one, xsd.ComplexType) and one.qname is not None else ""
            twice.update([name] if name in self._types else [])
            self._types[name] = one
        for name in [*twice, ""]:
            self._types.pop(name, None)

    def named(self, name: str) -> Layout | None:
        """The layout of a type by its name without a namespace; None where none or several have it."""
        found = self._types.get(name)
        return None if found is None else self.layout(found)

    def message(self, element: xsd.Element) -> Message:
        """The element of a request or an answer."""
        return Message(name=str(element.name), space=element.qname.namespace or "", layout=self.layout(element.type))

    def layout(self, kind: object) -> Layout:
        """What stands in an element of this type."""
        if not isinstance(kind, xsd.ComplexType):
            return Layout(kind=_kind(kind), told=_name(kind) or "text")
        known = self._made.get(id(kind))
        if known is not None:
            return known
        made = self._made[id(kind)] = Layout(told=_name(kind))
        self._kept.append(kind)
        parts: dict[str, Part] = {}
        content = ""
        for element, many, optional in _elements([one for _, one in kind.elements_nested]):
            name = str(element.name)
            if name == _CONTENT:
                content = _kind(element.type)
                continue
            before = parts.get(name)  # an element that may stand at two places, as in a choice, is told of once
            parts[name] = Part(
                name=name,
                space=element.qname.namespace or "",
                layout=self.layout(element.type),
                many=many or (before is not None and before.many),
                nillable=element.nillable,
                is_required=not optional and element.min_occurs != 0,
            )
        attributes = {f"@{one.name}": _kind(one.type) for _, one in kind.attributes if isinstance(one, xsd.Attribute)}
        made.fill(parts, attributes, content)
        return made


def _elements(
    below: Sequence[Any], *, many: bool = False, optional: bool = False
) -> Iterator[tuple[xsd.Element, bool, bool]]:
    """Every element in its order, whether several may stand there, and whether none may."""
    for one in below:
        inner: Any = one  # zeep says no types of these
        if isinstance(one, xsd.Group):
            yield from _elements([one.child], many=many or _repeats(one), optional=optional or one.min_occurs == 0)
        elif isinstance(one, list):  # sequence, choice, all
            loose = optional or isinstance(one, xsd.Choice) or inner.min_occurs == 0
            yield from _elements(list(one), many=many or _repeats(one), optional=loose)
        elif isinstance(one, xsd.Element):
            yield one, many or _repeats(one), optional


def _repeats(one: object) -> bool:
    most = getattr(one, "max_occurs", 1)
    return most == "unbounded" or int(most) > 1


def _kind(kind: object) -> str:
    return next((name for builtin, name in _KINDS if isinstance(kind, builtin)), "text")


def _name(kind: object) -> str:
    qname = getattr(kind, "qname", None)
    return str(qname.localname) if qname is not None else ""


def messages(schema: Schema, header: object) -> Mapping[str, Message]:
    """The elements that the header of a request may have, by their names."""
    kind = header.type if isinstance(header, xsd.Element) else None
    nested = [one for _, one in kind.elements_nested] if isinstance(kind, xsd.ComplexType) else []
    return {str(element.name): schema.message(element) for element, _, _ in _elements(nested)}
