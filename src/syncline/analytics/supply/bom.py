"""Bills of materials: what a row says, which levels its items stand on, and the cycle that makes one impossible."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from syncline.analytics.supply.bounds import no_negatives
from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError

BOM = Layout(
    row="one component of one assembly, while it is valid",
    columns=(
        Column("assembly", pa.string(), available_at=ALWAYS),
        Column("component", pa.string(), available_at=ALWAYS),
        Column("qty", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("scrap", pa.float64(), available_at=ALWAYS, nullable=True),
        Column("valid_from", pa.date32(), available_at=ALWAYS, nullable=True),
        Column("valid_to", pa.date32(), available_at=ALWAYS, nullable=True),
    ),
)
LEVELS = Layout(
    row="one item, and the deepest level on which any assembly uses it",
    columns=(Column("item", pa.string()), Column("level", pa.int64())),
)
_NAMED = 12  #: items of a cycle that the message names


def checked(bom: pa.Table, *, on: date | None = None) -> pa.Table:
    """The rows of a bill of materials in its layout, those valid `on` that day if one is given.

    Raises:
        RejectedError: a quantity is negative, or a scrap share is not from 0 to below 1.
    """
    table = no_negatives(asked(BOM, bom, name="bom"), ["qty", "scrap"], name="bom")
    if pc.any(pc.greater_equal(table.column("scrap"), 1)).as_py():
        raise RejectedError("A scrap share in bom is 1 or more.", cure="It is a share of the units, from 0 to below 1.")
    if on is None:
        return table
    begun = pc.fill_null(pc.less_equal(table.column("valid_from"), on), fill_value=True)
    open_still = pc.fill_null(pc.greater(table.column("valid_to"), on), fill_value=True)
    return table.filter(pc.and_(begun, open_still))


def low_levels(bom: pa.Table) -> pa.Table:
    """The low-level code of every item, as a table `LEVELS`: 0 where no assembly uses it.

    Source:
        Orlicky, Material Requirements Planning (1975): an item is netted once, on the deepest level that uses it.

    Raises:
        RejectedError: an assembly contains itself; the message names the cycle.

    >>> bom = pa.table({"assembly": ["bike", "bike", "wheel"], "component": ["wheel", "bolt", "bolt"]})
    >>> low_levels(bom).to_pydict()
    {'item': ['bike', 'wheel', 'bolt'], 'level': [0, 1, 2]}
    """
    items, parents, children = _coded(bom)
    open_parents = np.bincount(children, minlength=len(items))
    levels = np.full(len(items), -1)
    ready, depth = np.flatnonzero(open_parents == 0), 0
    while len(ready):
        levels[ready] = depth
        freed = np.bincount(children[np.isin(parents, ready)], minlength=len(items))
        open_parents -= freed
        ready, depth = np.flatnonzero((open_parents == 0) & (freed > 0)), depth + 1
    if (levels < 0).any():
        raise _round([items[place] for place in _cycle(parents, children, levels < 0)])
    return made(LEVELS, {"item": items, "level": levels.tolist()})


def _round(items: list[str]) -> RejectedError:
    shown = " > ".join(items[:_NAMED]) + (" > ..." if len(items) > _NAMED else "")
    return RejectedError(
        f"The bill of materials contains itself: {shown}.",
        cure="Correct one of its rows; where they are valid at different times, give an effective date.",
    )


class _Coded(NamedTuple):
    items: list[str]
    parents: NDArray[np.int64]
    children: NDArray[np.int64]


def _coded(bom: pa.Table) -> _Coded:
    ends = pa.chunked_array([*bom.column("assembly").chunks, *bom.column("component").chunks], pa.string())
    codes = ends.combine_chunks().dictionary_encode()
    numbers = codes.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return _Coded(codes.dictionary.to_pylist(), numbers[: len(bom)], numbers[len(bom) :])


def _cycle(parents: NDArray[np.int64], children: NDArray[np.int64], stuck: NDArray[np.bool_]) -> list[int]:
    """Every stuck item has a stuck parent: going up must come round."""
    inside = stuck[parents] & stuck[children]
    above = dict(zip(children[inside].tolist(), parents[inside].tolist(), strict=True))
    place, seen = int(children[inside][0]), dict[int, int]()
    while place not in seen:
        seen[place] = len(seen)
        place = above[place]
    return [*[one for one, at in seen.items() if at >= seen[place]], place][::-1]
