"""How check and test are told."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.app.cases import CaseResult
from syncline.app.findings import CheckReport, Finding, FlowCheck, SideCheck, SystemCheck
from syncline.cli.show import BAD, DIM, GOOD, HEAD, WAITS, Cell, Screen, counted

_LOCKING = {"etag": "locking by version", "none": "no locking"}
_ARROWS = {"both": "both ways", "from": "read only", "to": "written only"}


def show_check(screen: Screen, report: CheckReport) -> None:
    """Systems, flows, and every problem with its place and its cure."""
    fields = sum(flow.fields for flow in report.flows)
    screen.line(
        (report.project, HEAD),
        f" · {counted(len(report.systems), 'system')}, {counted(len(report.flows), 'flow')}, "
        f"{counted(fields, 'mapped field')}",
    )
    screen.table([_system(one) for one in report.systems])
    screen.table([_flow(one) for one in report.flows])
    for flow in report.flows:
        for note in flow.notes:
            screen.line((f"  {flow.flow}: {note}", DIM), hang=4)
    _show_findings(screen, report.findings)


def _system(one: SystemCheck) -> Sequence[Cell]:
    if not one.reachable:
        return ((one.system, HEAD), one.connector, one.address, ("cannot be used, see below", BAD))
    promises = [_LOCKING.get(word, word) for word in one.locking]
    promises.append(f"deletes by {' and '.join(one.deletes)}" if one.deletes else "")
    told = " · ".join(filter(None, [f"answered in {one.seconds * 1000:.0f} ms", *promises]))
    return ((one.system, HEAD), one.connector, one.address, told)


def _flow(one: FlowCheck) -> Sequence[Cell]:
    sampled = sum(side.sampled for side in one.sides)
    faulty = sum(side.broken + side.lossy for side in one.sides)
    if not sampled:
        laws: Cell = ("no records to try the mapping on", WAITS)
    elif faulty:
        laws = (f"{counted(faulty, 'problem')} in {counted(sampled, 'sampled record')}, see below", BAD)
    else:
        laws = (f"laws hold on {counted(sampled, 'sampled record')}", GOOD)
    ways = {side.direction for side in one.sides}
    told = "both ways" if ways == {"both"} else ", ".join(map(_side, one.sides))
    return ((one.flow, HEAD), counted(one.fields, "field"), told, laws)


def _side(one: SideCheck) -> str:
    return f"{one.system} {_ARROWS.get(one.direction, one.direction)}"


def _show_findings(screen: Screen, findings: Sequence[Finding]) -> None:
    grave = [one for one in findings if one.grave]
    light = [one for one in findings if not one.grave]
    if not grave:
        screen.line(("No problem.", GOOD))
    else:
        screen.line((counted(len(grave), "problem"), BAD))
        _list(screen, grave)
    if light:
        screen.line((counted(len(light), "remark"), WAITS), (" (nothing is lost)", DIM))
        _list(screen, light)


def _list(screen: Screen, findings: Sequence[Finding]) -> None:
    for one in findings:
        screen.line((f"  {one.file}:{one.line}:{one.column}", HEAD), f"  {one.what}", hang=6)
        if one.cure:
            screen.line(f"      {one.cure}", hang=6)


def show_cases(screen: Screen, results: Sequence[CaseResult]) -> None:
    """One line per case; what differs below it."""
    for one in results:
        mark: Cell = ("failed", BAD) if one.differences else ("holds", GOOD)
        screen.table([((mark), f"{one.flow} {one.system}: {one.name}", (f"{one.file}:{one.line}", DIM))], indent=0)
        for difference in one.differences:
            screen.line(f"        {difference}", hang=10)
    failed = sum(1 for one in results if one.differences)
    if not results:
        screen.line("There are no cases. Name a file under `cases` of a flow.")
    elif failed:
        screen.line((f"{failed} of {counted(len(results), 'case')} failed", BAD))
    else:
        screen.line((f"{counted(len(results), 'case')} hold" if len(results) > 1 else "1 case holds", GOOD))
