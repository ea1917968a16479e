"""The part with chance: 100,000 histories, none of which breaks a promise, and what was met on the way."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from syncline.simulation.campaign import Campaign, Judged, run_campaign
from syncline.simulation.drawing import FAULTS
from syncline.simulation.keeping import keep_smallest
from syncline.simulation.shape import reference
from tests.prove.slices import Slice, measured

FIRST = 1_000_001  #: seed of the first history
WANTED = int(os.environ.get("SYNCLINE_PROVE_HISTORIES", "100000"))
ENOUGH = 1  #: times that each of these was met in all of them, at least
OPERATIONS = ("list", "get", "search", "create", "update", "delete")
BOUNDARIES = (
    "remap.before_commit", "list.before", "list", "merge.before_commit", "merge.after_commit", "scan.before_commit",
    "scan.after_commit", "get.before", "get", "search.before", "search", "send.before_commit", "send.after_commit",
    "write.before", "write", "answer", "write.after", "settle.before_commit", "settle.after_commit",
    "webhook.before", "webhook.after",
)  # fmt: skip
BESIDES = (
    *(
        f"webhook {fate}"
        for fate in ("lost", "twice", "overtaking", "forged", "unsigned", "refused", "kept", "unheard")
    ),
    *(f"reuse by {who}" for who in ("people", "the hub")),  # of the id of a record that was deleted
)
EDITS, CRASHES = 30, 2  #: of a history on average, at least


def play(seeds: range, kept: Path) -> Slice:
    """Play the histories of some units; what breaks is cut down and kept."""
    made, shape = Slice(), reference()
    with measured(made):
        campaign = run_campaign(shape, FIRST + seeds.start, len(seeds), _silent)
    if campaign.histories < len(seeds):
        raise KeyboardInterrupt
    made.figures = _figures(campaign)
    made.counts = dict(_met(campaign.counts))
    for one in campaign.broken:
        made.broken.append(f"{_told(one)}; kept as {keep_smallest(shape, one, kept).name}")
    return made


def _silent(_one: Judged) -> None:
    """Nobody looks."""


def _figures(made: Campaign) -> dict[str, int]:
    return {
        "histories": made.histories, "violations": made.violations, "edits": made.edits, "crashes": made.crashes,
        "deeds": made.deeds, "windows": made.windows,
    }  # fmt: skip


def _told(one: Judged) -> str:
    return f"seed {one.seed}, {one.violations[0].invariant}: {one.violations[0].what}"


def _met(counts: Mapping[str, int]) -> Counter[str]:
    """Without the names of the systems: "fault late create", "crash write", "webhook lost"."""
    met: Counter[str] = Counter()
    for name, count in counts.items():
        first, *_, last = name.split(" ")
        met[f"crash {last}" if first == "crash" else name] += count
    return met


def cells() -> Iterator[str]:
    """Everything that must have been met: faults by operation, crashes by boundary, webhooks, ids given again."""
    yield from (f"fault {kind} {what}" for kind in FAULTS for what in OPERATIONS)
    yield from (f"crash {boundary}" for boundary in BOUNDARIES)
    yield from BESIDES


def lacks(total: Slice) -> list[str]:
    """What all the histories together still lack."""
    figures = total.figures
    few = [
        f"{figures[name] / figures['histories']:.1f} {name} in a history, wanted {least}"
        for name, least in (("edits", EDITS), ("crashes", CRASHES))
        if figures[name] < least * figures["histories"]
    ]
    met = total.counts
    return few + [f"{name}: met {met.get(name, 0)} times" for name in cells() if met.get(name, 0) < ENOUGH]
