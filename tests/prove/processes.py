"""The parts with real processes: kill -9 of `syncline sync` on both stores, and a wire that lies."""

from __future__ import annotations

from collections.abc import Callable

from tests.processes.kills import kills
from tests.processes.outcome import Outcome
from tests.processes.starts import StoreName
from tests.processes.wire_faults import wire_faults
from tests.prove.slices import Slice, measured


def play_kills(numbers: range, store: StoreName) -> Slice:
    """As many kills; the first number is the seed."""
    return _played(lambda: kills(store, len(numbers), numbers.start), len(numbers))


def play_wire(numbers: range) -> Slice:
    """As many disturbed exchanges; the first number is the seed."""
    return _played(lambda: wire_faults(len(numbers), numbers.start), len(numbers))


def _played(play: Callable[[], Outcome], wanted: int) -> Slice:
    made = Slice()
    with measured(made):
        came = play()
    made.figures = {"done": came.done, "missed": came.missed, "lost": came.lost, "doubled": came.doubled}
    made.counts = dict(came.places)
    made.broken = list(came.problems)
    if came.lost or came.doubled:
        made.broken.append(f"{came.lost} lost, {came.doubled} doubled")
    if came.done < wanted:
        made.broken.append(f"{came.done} disturbances met the hub at work, {wanted} were wanted")
    return made
