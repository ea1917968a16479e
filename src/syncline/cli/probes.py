"""How a probe is told: declared beside measured, and what to write where they differ."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.app.measures import Measure, ProbeReport
from syncline.cli.show import BAD, DIM, GOOD, HEAD, Cell, Screen


def show_probe(screen: Screen, reports: Sequence[ProbeReport]) -> None:
    """One table per resource."""
    for report in reports:
        screen.line((f"{report.system} {report.resource}", HEAD))
        head: list[Sequence[Cell]] = [["", "", ("declared", DIM), ("measured", DIM)]]
        screen.table([*head, *map(_row, report.measures)])
        for one in report.measures:
            if one.agrees is False and one.cure:
                screen.line((f"  {one.name}: ", BAD), one.cure, hang=4)
    if not any(report.wrote for report in reports):
        told = "Nothing was written. Locking, read-back and lag need a scratch record: --write KEY."
        screen.line((told, DIM), hang=2)


def _row(one: Measure) -> Sequence[Cell]:
    marks: dict[bool | None, Cell] = {True: ("agrees", GOOD), False: ("falls short", BAD), None: ("", DIM)}
    return (one.name, marks[one.agrees], one.declared or "-", one.measured)
