"""Batches whose values can be bound as they are: most of them, told column by column, at a fraction of the cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import NoneType

from syncline.connectors.protocols.sql_layout import Layout
from syncline.connectors.protocols.sql_values import Kind
from syncline.model.page import Item, Op

_TYPES: Mapping[Kind, type] = {Kind.TEXT: str, Kind.BOOLEAN: bool}
#: What PostgreSQL reads as we would, and bounds itself.
_POSTGRES_TYPES: Mapping[Kind, type] = {**_TYPES, Kind.INTEGER: int}
_POSTGRES_TEXTS: Mapping[Kind, Callable[[str], object]] = {
    Kind.DECIMAL: re.compile(r"-?\d{1,100}(\.\d{1,100})?", re.ASCII).fullmatch,
    Kind.DATE: re.compile(r"[1-9]\d{3}-\d\d-\d\d", re.ASCII).fullmatch,
    Kind.INSTANT: re.compile(r"[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII).fullmatch,
}


class Plainness:
    """Tells batches of creates whose values need no look at each of them."""

    def __init__(self, layout: Layout) -> None:
        is_postgres = layout.dialect == "postgresql"
        types, texts = (_POSTGRES_TYPES, _POSTGRES_TEXTS) if is_postgres else (_TYPES, {})
        kinds = {name: one.kind for name, one in layout.table.columns.items()}
        self._types = {name: {types[kind], NoneType} for name, kind in kinds.items() if kind in types}
        self._texts = {name: texts[kind] for name, kind in kinds.items() if kind in texts}
        options = layout.options
        self.marker = options.marker.column if options.marker else ""
        self._is_offered = options.writes.create and not options.where
        self._is_offered &= not self.marker or kinds[self.marker] is Kind.TEXT
        self._lines = set(layout.lines)

    def holds(self, items: Sequence[Item]) -> bool:
        """Is every item a create of the same columns, with values that can be bound as they are?"""
        if not self._is_offered:
            return False
        names = items[0].fields.keys()
        if not all(item.op is Op.CREATE and item.fields.keys() == names for item in items):
            return False
        if names & self._lines or not names <= {*self._types, *self._texts}:
            return False
        return all(self._fits(name, [item.fields[name] for item in items]) for name in names)

    def _fits(self, name: str, values: Sequence[object]) -> bool:
        types = set(map(type, values))
        if name in self._types:
            return types <= self._types[name]
        texts = [value for value in values if isinstance(value, str)]
        return types <= {str, NoneType} and all(map(self._texts[name], texts))
