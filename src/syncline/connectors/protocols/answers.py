"""What became of one item of a write, in words that every protocol shares: receipts, and what bars an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

import msgspec

from syncline.errors import DoubtError, RejectedError, SetupError, SynclineError, TransientError
from syncline.model.page import Gone, Item, Op, Outcome, Receipt, Record

_T = TypeVar("_T")

#: What a code of the system means for the item that it answers.
Fate = Literal["refused", "gone", "stale", "busy", "doubt", "duplicate"]
OUTCOMES: Mapping[str, Outcome] = {
    "refused": Outcome.REFUSED, "gone": Outcome.GONE, "stale": Outcome.STALE, "busy": Outcome.BUSY,
    "doubt": Outcome.DOUBT,
}  # fmt: skip


class Barred(msgspec.Struct, frozen=True, kw_only=True):
    """An item that the system does not even look at before a person has acted."""

    ref: int
    error: SetupError


Result = Receipt | Barred


def failed(item: Item, error: SynclineError) -> Result:
    """The receipt for an item whose request brought no answer to read."""
    if isinstance(error, SetupError):
        return Barred(ref=item.ref, error=error)
    outcome = Outcome.BUSY  # nothing was sent
    if isinstance(error, DoubtError):
        outcome = Outcome.DOUBT
    elif isinstance(error, RejectedError):
        outcome = Outcome.REFUSED
    wait = (error.wait or 0.0) if isinstance(error, TransientError) else 0.0
    return Receipt(ref=item.ref, outcome=outcome, key=item.key, message=str(error), wait=wait)


def duplicate(item: Item, words: str, find: Callable[[], Record | Gone | None] | None, *, keeps: bool) -> Receipt:
    """The receipt for a create that the system has already: ours if `find` shows it, whoever else's otherwise.

    Args:
        item: What was to be created.
        words: What the system says.
        find: Looks for the record with our marker; None where there is no way to.
        keeps: Does the hub keep the record as it is shown?
    """
    refused = Receipt(ref=item.ref, outcome=Outcome.REFUSED, key=item.key, message=words)
    if item.op is not Op.CREATE or not item.marker or find is None:
        return refused
    try:
        found = find()
    except SynclineError:  # nothing was written now; the next try asks again
        return Receipt(ref=item.ref, outcome=Outcome.BUSY, message=words)
    if not isinstance(found, Record):
        return refused
    raw = found.raw if keeps else None
    return Receipt(ref=item.ref, outcome=Outcome.DONE, key=found.key, raw=raw, version=found.version, stamp=found.stamp)


def settled(results: Sequence[Result]) -> Sequence[Receipt]:
    """The receipts; SetupError when the system let nothing in at all."""
    barred = [result for result in results if isinstance(result, Barred)]
    if barred and len(barred) == len(results):
        raise barred[0].error
    return [
        Receipt(ref=result.ref, outcome=Outcome.REFUSED, message=str(result.error))
        if isinstance(result, Barred)
        else result
        for result in results
    ]


def halves(items: Sequence[_T]) -> list[Sequence[_T]]:
    """Both halves of at least two, to find the one that spoils a request."""
    middle = len(items) // 2
    return [items[:middle], items[middle:]]
