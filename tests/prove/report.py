"""What came of the programme: a line for each part, and a page for the repository."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.prove import histories
from tests.prove.notes import Notes, Played
from tests.prove.slices import Part

LEAST_SPEED = 20.0  #: histories a second and core


class Verdict(NamedTuple):
    """What came of one part."""

    name: str
    line: str
    failed: bool
    complete: bool


def verdicts(notes: Notes, parts: Mapping[str, Part]) -> list[Verdict]:
    """Of every part that was begun; a part that is not complete has not failed as long as nothing is broken."""
    return [_verdict(part, notes.parts.get(name, Played())) for name, part in parts.items()]


def _verdict(part: Part, played: Played) -> Verdict:
    wanted, total = part.units(), played.total
    complete = played.units >= wanted
    wrong = [*total.broken, *(part.lacks(total) if complete else ())]
    figures = ", ".join(f"{count:,} {name}" for name, count in total.figures.items())
    share = "complete" if complete else f"{played.units:,} of {wanted:,}"
    line = f"{part.name}: {share}{'; ' if figures else ''}{figures}; {len(wrong)} broken"
    return Verdict(part.name, "\n  ".join([line, *wrong]), bool(wrong), complete)


def write_report(root: Path, notes: Notes, parts: Mapping[str, Part], simulator: str, command: str) -> Path:
    """The page of today."""
    day = time.strftime("%Y-%m-%d", time.gmtime())
    path = root / "docs" / "proof" / f"{day}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(_page(day, notes, parts, simulator, command)) + "\n")
    return path


def _page(day: str, notes: Notes, parts: Mapping[str, Part], simulator: str, command: str) -> Iterator[str]:
    told = verdicts(notes, parts)
    open_parts = [one.name for one in told if not one.complete]
    yield f"# Proof of {day}"
    yield ""
    yield "Written by `make prove`; [how agreement is tried](../explanation/proof.md) says what the words mean."
    yield ""
    yield f"- Verdict: {_overall(told, open_parts)}"
    yield f"- Command: `{command}`; a call goes on where the one before it stopped"
    yield f"- Engine: `{notes.engine}` (hash of its code); simulator: `{simulator}`"
    yield f"- Machine: {_machine()}"
    yield ""
    yield from _parts(notes, parts, told)
    yield from _histories(notes.parts.get("histories", Played()))
    yield from _mutants(notes.parts.get("mutants", Played()))
    yield from _coverage(notes.parts.get("histories", Played()))
    yield from _broken(told)


def _overall(told: list[Verdict], left: list[str]) -> str:
    failed = [one.name for one in told if one.failed]
    if failed:
        return f"failed: {', '.join(failed)}"
    return f"nothing broken so far; not complete: {', '.join(left)}" if left else "complete, and nothing broken"


def _machine() -> str:
    cpu = platform.processor() or platform.machine()
    names = Path("/proc/cpuinfo")
    if names.exists():
        found = [
            line.partition(":")[2].strip() for line in names.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = found[0] if found else cpu
    return f"{os.cpu_count()} cores, {cpu}; {platform.system()}, Python {platform.python_version()}"


def _parts(notes: Notes, parts: Mapping[str, Part], told: list[Verdict]) -> Iterator[str]:
    yield "| part | what | played | figures | broken | processor time | days |"
    yield "|---|---|---|---|---|---|---|"
    for one in told:
        part, played = parts[one.name], notes.parts.get(one.name, Played())
        figures = ", ".join(f"{name} {count:,}" for name, count in played.total.figures.items())
        share = f"{played.units:,} of {part.units():,}"
        cost = f"{played.total.cpu / 60:.1f} min"
        days = ", ".join(played.days)
        yield f"| {one.name} | {part.what} | {share} | {figures} | {len(played.total.broken)} | {cost} | {days} |"
    yield ""


def _histories(played: Played) -> Iterator[str]:
    total = played.total.figures
    if not total.get("histories"):
        return
    count = total["histories"]
    ranges = ", ".join(f"{first} to {last}" for first, last in _ranges(played))
    yield "## Histories"
    yield ""
    yield f"- seeds {ranges}; each hundredth was played twice, and was the same"
    yield f"- {count:,} histories, {total.get('violations', 0):,} violations"
    yield f"- {total['edits']:,} edits ({total['edits'] / count:.1f} a history), {total['deeds']:,} deeds of people"
    yield f"- {total['crashes']:,} crashes ({total['crashes'] / count:.1f} a history)"
    yield f"- {total.get('windows', 0):,} edits fell into the window of a system without locking"
    yield f"- {count / played.total.cpu:.1f} histories a second of processor time, {LEAST_SPEED:.0f} are asked for"
    yield ""


def _ranges(played: Played) -> Iterator[tuple[int, int]]:
    """Seeds without a gap."""
    size = 250
    begun = None
    firsts = sorted(played.slices)
    for number, first in enumerate(firsts):
        begun = first if begun is None else begun
        if number + 1 == len(firsts) or firsts[number + 1] != first + size:
            yield histories.FIRST + begun, histories.FIRST + first + size - 1
            begun = None


def _mutants(played: Played) -> Iterator[str]:
    if not played.total.counts:
        return
    yield "## Mutants: histories until each was killed"
    yield ""
    yield "| without the rule: promise that was broken | histories drawn by chance until then |"
    yield "|---|---|"
    for name, count in sorted(played.total.counts.items(), key=lambda one: -one[1]):
        yield f"| {name} | {count or ''} |"
    yield ""


def _coverage(played: Played) -> Iterator[str]:
    met = played.total.counts
    if not met:
        return
    yield "## What the histories met"
    yield ""
    yield f"| fault | {' | '.join(histories.OPERATIONS)} |"
    yield f"|---|{'---|' * len(histories.OPERATIONS)}"
    for kind in histories.FAULTS:
        row = [f"{met.get(f'fault {kind} {what}', 0):,}" for what in histories.OPERATIONS]
        yield f"| {kind} | {' | '.join(row)} |"
    yield ""
    yield "| a crash at | times |"
    yield "|---|---|"
    for boundary in histories.BOUNDARIES:
        yield f"| {boundary} | {met.get(f'crash {boundary}', 0):,} |"
    yield ""
    yield "| besides | times |"
    yield "|---|---|"
    for name in histories.BESIDES:
        yield f"| {name} | {met.get(name, 0):,} |"
    yield ""


def _broken(told: list[Verdict]) -> Iterator[str]:
    for one in told:
        if one.failed:
            yield f"## Broken: {one.name}"
            yield ""
            yield from (f"- {line.strip()}" for line in one.line.splitlines()[1:])
            yield ""
