"""Hints whose records were read: let go, unless one was given again meanwhile, or just before the read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from syncline.engine.hub import BoundSide
from syncline.engine.step import Step
from syncline.model.state import Hint

_OTHER_TRIES = ("missing", "deferred ")


class Hinted(msgspec.Struct, frozen=True, kw_only=True):
    """What was read by key because of hints."""

    hints: Mapping[str, Hint] = {}  #: by key
    at: int = 0  #: when the reading began [µs]


def followed(side: BoundSide, hinted: Hinted, keys: Iterable[str], step: Step) -> None:
    """The hints of these records were followed.

    A read by key shows what was changed so much as the settle time before it, and that is all that a hint can tell of.
    Where one was given later than that, the record is read once more.
    """
    settle = int(side.contract.settle * 1e6)
    for hint in [hinted.hints[key] for key in keys if key in hinted.hints]:
        shown_from = (hint.last or hint.at) + settle
        if shown_from <= hinted.at:
            step.done_hints.append(hint)
        else:
            step.moved_hints.append(
                msgspec.structs.replace(hint, reason="changed", due=shown_from, at=hint.last or hint.at, tries=0)
            )


def failed(hint: Hint, due: int) -> Hint:
    """A hint whose record could not be read, due again then [µs]; its tries are counted.

    Not where they count something else, and nothing was counted yet: absences, of what is missing, and looks at a
    circle, of what waits for its parent.
    """
    counts = hint.tries or not hint.reason.startswith(_OTHER_TRIES)
    return msgspec.structs.replace(hint, due=due, tries=hint.tries + bool(counts))


def put_off(side: BoundSide, hinted: Hinted, moved: Hint) -> Hint:
    """A hint in place of the one that was read: as new as that, and due as soon as a read shows what it told last."""
    read = hinted.hints.get(moved.key)
    if read is None:
        return moved
    shown_from = read.last + int(side.contract.settle * 1e6)
    due = min(moved.due, shown_from) if shown_from > hinted.at else moved.due
    return msgspec.structs.replace(moved, last=read.last, due=due)
