"""What a YAML file says, node by node, each with its tag and its place; nothing is constructed from it.

The reader of YAML is loaded for a file whose text is not remembered, and not otherwise: see `config.remembered`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from syncline.errors import ConfigProblem


class Sort(StrEnum):
    """What a node is."""

    SCALAR = "scalar"
    SEQUENCE = "sequence"
    MAPPING = "mapping"


class Written(msgspec.Struct, frozen=True, array_like=True):
    """One node. An alias is the node that it stands for, which may even hold itself."""

    sort: Sort
    tag: str
    text: str  #: of a scalar
    inner: list[Written]  #: of a sequence its members; of a mapping key, value, key, value
    line: int  #: from 1
    column: int  #: from 1

    def pairs(self) -> list[tuple[Written, Written]]:
        """Keys and values of a mapping."""
        return list(zip(self.inner[::2], self.inner[1::2], strict=True))


class _Mark(Protocol):
    line: int
    column: int


class _Node(Protocol):
    """A node of the reader's own."""

    id: str
    tag: object
    value: object
    start_mark: _Mark


def parse(text: str, file: str) -> Written | ConfigProblem | None:
    """The node of a text, or why there is none; None for a text that says nothing."""
    from ruamel.yaml import YAML  # noqa: PLC0415  most files are as they were
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    try:
        node = YAML(typ="safe", pure=True).compose(text)
        return None if node is None else _written(node, {})
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        cure = "Pipes and calls are quoted strings."
        return ConfigProblem(file, line, column, what=f"this is not YAML: {error.problem}.", cure=cure)
    except (YAMLError, RecursionError, ValueError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        return ConfigProblem(file, 1, 1, what=f"this is not YAML: {reason}.", cure="")


def _written(node: _Node, known: dict[int, Written]) -> Written:
    """A node of ours for one of the reader's; the same one wherever it is met."""
    if id(node) in known:
        return known[id(node)]
    mark, sort = node.start_mark, Sort(node.id)
    text = str(node.value) if sort is Sort.SCALAR else ""
    made = Written(sort, str(node.tag), text, [], mark.line + 1, mark.column + 1)
    known[id(node)] = made
    for below in node.value if isinstance(node.value, list) else ():
        made.inner.extend(_written(one, known) for one in (below if isinstance(below, tuple) else (below,)))
    return made
