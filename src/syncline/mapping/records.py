"""Written columns put together: a record per row, as a dict, or in a quicker form where every row is alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import starmap
from keyword import iskeyword
from typing import cast

import msgspec
from msgspec import UNSET

from syncline.mapping.paths import Path, prune
from syncline.mapping.values import Column

Record = dict[str, object]
Written = list[tuple[Path, Column]]

_SHAPES = 1000


def records_of(written: Written, size: int) -> list[Record]:
    """A record per row; absent values are left out."""
    records = _flat_records([(path.top, column) for path, column in written if path.is_flat], size)
    for path, column in written:
        if not path.is_flat:
            _set_nested(records, path, column)
    for path in {path.picked_list: path for path, _ in written if path.picked_list}.values():
        for record in records:
            prune(record, path)
    return records


def flats_of(written: Written, size: int) -> list[Mapping[str, object]]:
    """The same of rows without an absent value; as `Flat` where every field is flat and can be one of a struct."""
    mould = _mould(tuple(path.top for path, _ in written)) if all(path.is_flat for path, _ in written) else None
    if mould is None or not written:
        return [*records_of(written, size)]
    return list(starmap(mould, zip(*(column for _, column in written), strict=True)))


def _flat_records(flat: list[tuple[str, Column]], size: int) -> list[Record]:
    if not flat:
        return [{} for _ in range(size)]
    names = tuple(name for name, _ in flat)
    rows = zip(*(column for _, column in flat), strict=True)
    if not any(UNSET in column for _, column in flat):
        return [dict(zip(names, row, strict=True)) for row in rows]
    return [{name: value for name, value in zip(names, row, strict=True) if value is not UNSET} for row in rows]


@Mapping.register
class Flat(msgspec.Struct, eq=False):
    """A record as a struct with a field per name: it is a mapping, but made and encoded in a fraction of the time."""

    def __getitem__(self, name: str) -> object:
        """The value of that name."""
        if name not in self.__struct_fields__:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self.__struct_fields__)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.__struct_fields__)

    get, keys, values, items = Mapping.get, Mapping.keys, Mapping.values, Mapping.items
    __contains__, __eq__ = Mapping.__contains__, Mapping.__eq__
    __hash__ = None  # type: ignore[assignment]  # like a dict


@lru_cache(maxsize=_SHAPES)
def _mould(names: tuple[str, ...]) -> Callable[..., Mapping[str, object]] | None:
    """What makes a `Flat` of the values of these names; None where a name cannot be one of a struct's fields."""
    if not all(name.isidentifier() and not iskeyword(name) and not hasattr(Flat, name) for name in names):
        return None
    mould = msgspec.defstruct("Flat", [(name, object) for name in names], bases=(Flat,), eq=False, gc=False)
    return cast("Callable[..., Mapping[str, object]]", mould)


def _set_nested(records: list[Record], path: Path, column: Column) -> None:
    for record, value in zip(records, column, strict=True):
        if value is not UNSET:
            path.set(record, value)
