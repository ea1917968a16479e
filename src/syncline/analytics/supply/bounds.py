"""Figures that no plan can be made of are refused, with a sentence, before they meet a formula."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from syncline.errors import RejectedError

_SHOWN = 5  #: names that a message shows


def positive(**figures: float) -> None:
    """Refuse a figure that is not finite and above zero.

    >>> positive(order_cost=8.0)

    Raises:
        RejectedError: names the figure.
    """
    for name, value in figures.items():
        if not math.isfinite(value) or value <= 0:
            raise RejectedError(f"{_words(name)} is {value}, and must be above zero.")


def not_negative(**figures: float) -> None:
    """Refuse a figure that is not finite, or below zero."""
    for name, value in figures.items():
        if not math.isfinite(value) or value < 0:
            raise RejectedError(f"{_words(name)} is {value}, and must not be below zero.")


def share(**figures: float) -> None:
    """Refuse a figure that is not strictly between 0 and 1."""
    for name, value in figures.items():
        if not 0 < value < 1:
            raise RejectedError(f"{_words(name)} is {value}, and must lie between 0 and 1.")


def no_negatives(table: pa.Table, columns: Sequence[str], *, name: str) -> pa.Table:
    """The table, whose columns hold no figure below zero.

    Raises:
        RejectedError: names the rows.
    """
    for column in columns:
        wrong = pc.fill_null(pc.less(table.column(column), 0), fill_value=False)
        if rows := pc.sum(wrong).as_py():
            places = pc.indices_nonzero(wrong)[:_SHOWN].to_pylist()
            raise RejectedError(
                f"{rows} of {len(table)} values of {column} in {name} are below zero"
                f" (rows {', '.join(str(place + 1) for place in places)}).",
                cure="Correct them or leave those rows out; a return is not a demand.",
            )
    return table


def no_twins(table: pa.Table, columns: Sequence[str], *, name: str) -> pa.Table:
    """The table, where no two rows have the same values of `columns`.

    Raises:
        RejectedError: names the first that occurs twice.
    """
    counted = table.group_by(list(columns)).aggregate([([], "count_all")])
    twice = counted.filter(pc.greater(counted.column("count_all"), 1))
    if len(twice):
        first = ", ".join(str(twice.column(column)[0].as_py()) for column in columns)
        raise RejectedError(
            f"{len(twice)} keys occur more than once in {name}, the first is {first}.",
            cure="Merge those rows, or leave out the wrong ones.",
        )
    return table


def listed(names: Iterable[object]) -> str:
    """The first few of the names, in a sentence."""
    all_names = [str(name) for name in names]
    return ", ".join(all_names[:_SHOWN]) + (f" and {len(all_names) - _SHOWN} more" if len(all_names) > _SHOWN else "")


def _words(name: str) -> str:
    return f"The {name.replace('_', ' ')}"
