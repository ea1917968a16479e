"""Plain values as the elements of a request. Pure.

The order is the schema's, whatever the order of the fields. What is not given is left out; null is said as configured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from syncline.connectors.protocols.soap_layout import CONTENT, Layout, Message, Part
from syncline.connectors.protocols.soap_options import Null
from syncline.connectors.protocols.soap_values import Scalars, escaped

_NIL = ' xsi:nil="true"'


class Body:
    """The elements of one request, with the prefixes of their namespaces."""

    def __init__(self, scalars: Scalars, null: Null) -> None:
        self._scalars = scalars
        self._null = null
        self._prefixes: dict[str, str] = {}

    @property
    def declared(self) -> str:
        """The namespaces that were used, as they are declared around the elements."""
        return "".join(f' xmlns:{prefix}="{escaped(space, quoted=True)}"' for space, prefix in self._prefixes.items())

    def element(self, message: Message, value: object) -> str:
        """The outermost element.

        Raises:
            ValueError: The value does not fit; the place and the reason.
        """
        part = Part(name=message.name, space=message.space, layout=message.layout, is_required=True)
        return "".join(self._one(part, value, message.name))

    def _one(self, part: Part, value: object, path: str) -> Iterator[str]:
        name = f"{self._prefix(part.space)}:{part.name}" if part.space else part.name
        if value is None:
            yield self._nothing(part, name, path)
            return
        attributes, inner = self._inner(part.layout, value, path)
        content = "".join(inner)
        yield f"<{name}{attributes}>{content}</{name}>" if content else f"<{name}{attributes}/>"

    def _nothing(self, part: Part, name: str, path: str) -> str:
        if self._null == "absent" and not part.is_required:
            return ""
        if self._null != "empty" and part.nillable:
            return f"<{name}{_NIL}/>"
        if self._null == "empty" or part.layout.kind == "text":
            return f"<{name}/>"
        msg = f"{path} cannot be null: the description does not allow it"
        raise ValueError(msg)

    def _inner(self, layout: Layout, value: object, path: str) -> tuple[str, Iterator[str]]:
        if layout.kind:
            return "", iter([self._text(layout.kind, value, path)])
        if layout.item is not None:
            return "", self._several(layout.item, value, path)
        if not isinstance(value, Mapping):
            msg = f"{path} must hold fields"
            raise ValueError(msg)
        self._refuse_unknown(layout, value, path)
        attributes = "".join(
            f' {name[1:]}="{self._text(kind, value[name], f"{path}.{name}", quoted=True)}"'
            for name, kind in layout.attributes.items()
            if value.get(name) is not None
        )
        if layout.content:
            return attributes, iter([self._text(layout.content, value.get(CONTENT), f"{path}.{CONTENT}")])
        return attributes, self._parts(layout, value, path)

    def _parts(self, layout: Layout, value: Mapping[str, object], path: str) -> Iterator[str]:
        for name, part in layout.parts.items():
            if name in value:
                write: Callable[[Part, object, str], Iterator[str]] = self._several if part.many else self._one
                yield from write(part, value[name], f"{path}.{name}")

    def _several(self, part: Part, value: object, path: str) -> Iterator[str]:
        if value is None:
            return
        if not isinstance(value, list | tuple):
            msg = f"{path} must be a list"
            raise ValueError(msg)
        for one in value:
            yield from self._one(part, one, path)

    def _text(self, kind: str, value: object, path: str, *, quoted: bool = False) -> str:
        try:
            return escaped(self._scalars.written(kind, value), quoted=quoted)
        except ValueError as error:
            msg = f"{path} {error}"
            raise ValueError(msg) from None

    def _refuse_unknown(self, layout: Layout, value: Mapping[str, object], path: str) -> None:
        known = layout.parts.keys() | layout.attributes.keys() | ({CONTENT} if layout.content else set())
        odd = sorted(value.keys() - known)
        if odd:
            msg = f"{path} has no {', '.join(odd)}"
            raise ValueError(msg)

    def _prefix(self, space: str) -> str:
        return self._prefixes.setdefault(space, f"n{len(self._prefixes)}")


def placed(there: object, steps: tuple[str, ...], value: object) -> object:
    """A value at a place below, beside what is there; what is there is not touched."""
    if steps and steps[0].isdecimal():  # no element has such a name: one of several is meant
        several = list(there) if isinstance(there, list | tuple) else []
        place = int(steps[0])
        several += [{}] * (place + 1 - len(several))
        several[place] = placed(several[place], steps[1:], value)
        return several
    if not steps:
        return {**there, **value} if isinstance(there, Mapping) and isinstance(value, Mapping) else value
    below = dict(there) if isinstance(there, Mapping) else {}
    below[steps[0]] = placed(below.get(steps[0]), steps[1:], value)
    return below
