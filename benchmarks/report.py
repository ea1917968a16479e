"""Figures of a run against their targets: as a table, as a page for docs/benchmarks, and as one line of JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from contestants import NAIVE_RECORDS, NEEDED
from processes import Cost

_HUNDRED_THOUSAND = 100_000


@dataclass(slots=True, kw_only=True)
class Figures:
    """Everything that was measured."""

    costs: dict[str, list[Cost]] = field(default_factory=dict)
    events: list[list[float]] = field(default_factory=list)  #: per round [ms]
    naive: list[float] = field(default_factory=list)  #: extrapolated CPU [s]
    ratios_dlt: list[float] = field(default_factory=list)  #: per round, theirs / ours
    ratios_naive: list[float] = field(default_factory=list)
    state_mb: float = 0.0
    load_before: float = 0.0
    load_after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure with its target."""

    key: str
    what: str
    values: Sequence[float]
    at_most: float | None = None
    unit: str = "s"

    @property
    def value(self) -> float | None:
        """The median; for a ratio and for memory as well."""
        return median(self.values) if self.values else None

    @property
    def verdict(self) -> str:
        """Pass or miss, by the median."""
        if self.value is None:
            return "not measured"
        if self.at_most is None:
            return ""
        return "pass" if self.value <= self.at_most else "MISS"


def lines(figures: Figures, records: int) -> Iterator[Line]:
    """The figures with a target, then the ratios."""
    scale = _HUNDRED_THOUSAND / records

    def cpu(name: str, factor: float = 1.0) -> list[float]:
        return [cost.cpu * factor for cost in figures.costs.get(name, [])]

    def rss(*names: str) -> list[float]:
        found = [cost.rss for name in names for cost in figures.costs.get(name, [])]
        return [max(found)] if found else []

    every = [one for took in figures.events for one in took]
    yield Line(key="first_load_cpu_s", what="first load", values=cpu("first_load", scale), at_most=2.0)
    yield Line(key="reread_cpu_s", what="full re-read, nothing changed", values=cpu("reread", scale), at_most=0.45)
    yield Line(key="delta_full_cpu_s", what="1 % changed, full re-read", values=cpu("delta_full", scale), at_most=0.6)
    yield Line(
        key="delta_cursor_cpu_s", what="1 % changed, with a cursor, in all", values=cpu("delta_cursor"), at_most=0.3
    )
    yield Line(
        key="first_load_random_cpu_s",
        what="first load, random ids on both sides",
        values=cpu("first_load_random", scale),
        at_most=4.0,
    )
    phases = ("first_load", "reread", "delta_full", "delta_cursor", "first_load_random")
    yield Line(key="rss_mb", what="largest resident set of any phase", values=rss(*phases), at_most=150, unit="MB")
    yield Line(
        key="rss_1m_mb", what="the same, 1,000,000 records", values=rss("first_load_1m", "reread_1m"), at_most=250,
        unit="MB",
    )  # fmt: skip
    yield Line(
        key="event_p50_ms", what="one change, source to target", values=[median(every)] if every else [], at_most=3.0,
        unit="ms",
    )  # fmt: skip
    yield Line(key="ratio_dlt_cpu", what="first load, dlt / ours, CPU", values=figures.ratios_dlt, unit="x")
    yield Line(
        key="ratio_naive_cpu", what="first load, naive script / ours, CPU", values=figures.ratios_naive, unit="x"
    )


def _further(figures: Figures, records: int) -> Iterator[Line]:
    """What has no target and is worth knowing."""
    scale = _HUNDRED_THOUSAND / records
    words = {
        "dlt_first_load": ("dlt, first load", scale),
        "dlt_reread": ("dlt, full re-read", scale),
        "dlt_delta_cursor": ("dlt, 1 % changed, with a cursor, in all", 1.0),
        "first_load_1m": ("first load of 1,000,000, per 100,000", 0.1),
        "reread_1m": ("full re-read of 1,000,000, per 100,000", 0.1),
    }
    for name, (what, factor) in words.items():
        costs = figures.costs.get(name, [])
        yield Line(key=name, what=what, values=[cost.cpu * factor for cost in costs])
    yield Line(
        key="naive", what=f"naive script, from {NAIVE_RECORDS:,} records", values=[cpu * scale for cpu in figures.naive]
    )
    every = [one for took in figures.events for one in took]
    if every:
        ninety, ninety_nine = (quantiles(every, n=100)[place - 1] for place in (90, 99))
        yield Line(key="event_p90", what="one change, p90", values=[ninety], unit="ms")
        yield Line(key="event_p99", what="one change, p99", values=[ninety_nine], unit="ms")
    for name, what in (("first_load", "first load, wall time"), ("dlt_first_load", "dlt, first load, wall time")):
        yield Line(key=f"{name}_wall", what=what, values=[cost.wall * scale for cost in figures.costs.get(name, [])])
    yield Line(key="state", what="state on disk, bytes per record", values=[figures.state_mb * 1e6 / records], unit="B")


def _rows(found: Iterator[Line]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("figure", "median", "lowest", "target", "", "unit")]
    for line in found:
        if line.value is not None:
            target = "" if line.at_most is None else f"<= {line.at_most:g}"
            rows.append((line.what, f"{line.value:.2f}", f"{min(line.values):.2f}", target, line.verdict, line.unit))
    return rows


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def as_table(figures: Figures, records: int) -> str:
    """For the terminal."""
    main, further = _rows(lines(figures, records)), _rows(_further(figures, records))
    return "\n\n".join([machine(figures), _aligned(main), _aligned(further)])


def as_json(figures: Figures, records: int) -> str:
    """One line, a figure per key."""
    return json.dumps(
        {line.key: None if line.value is None else round(line.value, 3) for line in lines(figures, records)}
    )


def machine(figures: Figures) -> str:
    """Where this was measured."""
    cpuinfo = Path("/proc/cpuinfo")
    names = (
        [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")] if cpuinfo.exists() else []
    )
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    return (
        f"{os.cpu_count()} cores, {name}; {platform.system()} {platform.release()}; Python {platform.python_version()};"
        f" peers: {', '.join(NEEDED)}; load average {figures.load_before:.1f} before, {figures.load_after:.1f} after."
    )


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    head, *rest = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *rest])


def as_markdown(figures: Figures, records: int, date: str, command: str) -> str:
    """A page for docs/benchmarks."""
    rounds = len(figures.costs.get("first_load", []))
    each = [
        f"| {name} | " + " | ".join(f"{cost.cpu:.2f}" for cost in costs) + " |" for name, costs in figures.costs.items()
    ]
    each += [
        f"| {name} | " + " | ".join(f"{value:.1f}" for value in values) + " |" for name, values in _ratios(figures)
    ]
    head = f"| phase | {' | '.join(f'round {number + 1}' for number in range(rounds))} |\n|{' --- |' * (rounds + 1)}"
    return f"""# Benchmark of {date}

`{command}`: {records:,} records, {rounds} rounds. CPU seconds are per 100,000 records unless "in all" is said; the
[README](README.md) explains the job. Every phase was verified against the target's contents.

{machine(figures)}

## Against the targets

{_markdown_table(_rows(lines(figures, records)))}

## For comparison

{_markdown_table(_rows(_further(figures, records)))}

## Each round

CPU seconds as measured, not scaled; ratios are theirs / ours within one round.

{head}
{chr(10).join(each)}

```json
{as_json(figures, records)}
```
"""


def _ratios(figures: Figures) -> list[tuple[str, list[float]]]:
    return [("dlt / ours", figures.ratios_dlt), ("naive / ours", figures.ratios_naive)]
