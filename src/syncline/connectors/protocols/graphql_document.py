"""Documents of GraphQL out of configured operations. Pure: values never enter the text, they travel as variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from syncline.connectors.protocols.graphql_options import Operation

_VARIABLE = re.compile(r"\$(\w+)")
_WHOLE = re.compile(r"-?\d{1,18}")
Variables = Mapping[str, object]


def alias(place: int) -> str:
    """The name under which the answer to one of several operations is found."""
    return f"i{place}"


def document(
    kind: Literal["query", "mutation"], operation: Operation, fields: str, given: Sequence[Variables]
) -> tuple[str, dict[str, object]]:
    """The operation once for each set of variables, under aliases; the text and all variables.

    A variable without a value is left out of the request, so that its argument counts as not given.

    >>> operation = Operation(field="product(id: $id)", variables={"id": "ID!"})
    >>> document("query", operation, "id name", [{"id": "7"}, {"id": "8"}])[0]
    'query($id0: ID!, $id1: ID!) { i0: product(id: $id0) { id name } i1: product(id: $id1) { id name } }'
    """
    heads: list[str] = []
    bodies: list[str] = []
    variables: dict[str, object] = {}
    select = operation.select.replace("{record}", f"{{ {fields} }}").strip()
    select = select if select.startswith("{") or not select else f"{{ {select} }}"
    for place, values in enumerate(given):
        heads += [f"${name}{place}: {kind_of}" for name, kind_of in operation.variables.items()]
        text = f"{operation.field} {select}".strip()
        numbered = _VARIABLE.sub(lambda found, place=place: f"${found[1]}{place}", text)  # type: ignore[misc]  # mypy cannot infer a lambda's default
        bodies.append(f"{alias(place)}: {numbered}")
        known = {**operation.constants, **values}
        types = operation.variables
        variables |= {f"{name}{place}": _typed(value, types[name]) for name, value in known.items() if name in types}
    head = f"({', '.join(heads)})" if heads else ""
    return f"{kind}{head} {{ {' '.join(bodies)} }}", variables


def _typed(value: object, kind: str) -> object:
    """A key or version, which the hub keeps as text, as the variable's type wants it."""
    wants_number = kind.rstrip("!") == "Int"
    return int(value) if wants_number and isinstance(value, str) and _WHOLE.fullmatch(value) else value
