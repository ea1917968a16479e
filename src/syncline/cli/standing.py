"""How status and drift are told."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.cli.figuring import show_figures
from syncline.cli.ledgers import agreement_parts, show_waiting
from syncline.cli.show import BAD, DIM, GOOD, HEAD, WAITS, Cell, Screen, ago, counted, moment, number
from syncline.model.report import DriftCount, DriftRow, RunReport, Status, StreamStatus

_MOST_PLANS = 5


def show_status(screen: Screen, told: Status) -> None:
    """One line per flow and system, then what waits, then the last runs."""
    rows: list[Sequence[Cell]] = []
    flow = ""
    for stream in told.streams:
        name: Cell = (stream.flow, HEAD) if stream.flow != flow else ""
        flow = stream.flow
        rows.append((name, stream.system, f"{number(stream.links)} linked", _read_through(stream), _waiting(stream)))
    screen.table(rows, indent=0, align="<<><<")
    show_waiting(screen, told.held, told.paused)
    for run in told.interrupted:
        screen.line((f"run {run} was interrupted; the next one finishes what it began", WAITS))
    if told.waiting_plans:
        plans = ", ".join(told.waiting_plans[:_MOST_PLANS])
        screen.line((f"not applied: {counted(len(told.waiting_plans), 'plan')} ({plans})", DIM), hang=2)
    _show_runs(screen, told.runs)
    if told.figures and told.runs:
        screen.blank()
        show_figures(screen, told.figures)


def _read_through(stream: StreamStatus) -> Cell:
    if not stream.matched:
        return ("not read yet", WAITS) if not stream.links else ("not read to the end yet", WAITS)
    return f"verified through {moment(stream.verified_through)}" if stream.verified_through else "read once"


def _waiting(stream: StreamStatus) -> Cell:
    counts = {
        "planned": stream.planned, "to be retried": stream.retrying, "blocked": stream.blocked,
        "in doubt": stream.in_doubt, "parked": stream.parked,
    }  # fmt: skip
    parts = [f"{count:,} {name}" for name, count in counts.items() if count]
    parts += [counted(stream.conflicts, "conflict")] if stream.conflicts else []
    parts += [counted(stream.questions, "question")] if stream.questions else []
    parts += [f"{stream.hints:,} to be read again"] if stream.hints else []
    return (", ".join(parts), WAITS) if parts else ("nothing waits", DIM)


def _show_runs(screen: Screen, runs: Sequence[RunReport]) -> None:
    if not runs:
        screen.line("No run yet. Begin with `syncline match`, which writes nothing.")
        return
    screen.blank()
    screen.table([_run(one) for one in runs[:5]], indent=0, align=">")
    agreement = next((one.agreement for one in runs if one.agreement), None)
    if agreement:
        screen.line(*agreement_parts(agreement), hang=2)


def _run(run: RunReport) -> Sequence[Cell]:
    read, sent = sum(one.read for one in run.accounts), sum(one.intended for one in run.accounts)
    took = f"{(run.finished - run.started) / 1e6:.1f} s" if run.finished else "interrupted"
    told = f"read {number(read)}, sent {number(sent)}, {took}"
    return (f"run {run.run}", f"{moment(run.started)}", (ago(run.started), DIM), told)


_CAUSES = ("in flight", "blocked", "conflict", "parked")


def show_drift(screen: Screen, rows: Sequence[DriftRow]) -> None:
    """Per flow one line for each pair of systems, the fields that differ below it; without causes that nothing has."""
    if not rows:
        screen.line("Nothing to compare yet: no flow has two systems that have been read.")
        return
    shown = [n for n in range(len(_CAUSES)) if any(_counts(row.total)[n] for row in rows)]
    heads = ("", "records", "fields", "equal", *(_CAUSES[n] for n in shown), "unexplained")
    body: list[Sequence[Cell]] = [[(name, DIM) for name in heads]]
    flow = ""
    for row in rows:
        if row.flow != flow:
            body.append([(row.flow, HEAD)])
        flow = row.flow
        pair = f"  {row.left} ~ {row.right}"
        body.append((pair, number(row.records), *_causes(row.total, shown)))
        body += [((f"    {name}", DIM), "", *_causes(count, shown)) for name, count in row.by_field.items()]
    screen.table(body, indent=0, align="<" + ">" * (len(heads) - 1))
    screen.line((f"verified through {moment(min(row.verified_through for row in rows))}", DIM))
    for row in rows:
        _show_unexplained(screen, row)


def _counts(count: DriftCount) -> tuple[int, ...]:
    return (count.in_flight, count.blocked, count.conflict, count.parked)


def _causes(count: DriftCount, shown: Sequence[int]) -> list[Cell]:
    share = f"{_floor(count.share)} %" if count.fields else "-"
    equal: Cell = (share, GOOD) if count.fields and count.equal == count.fields else share
    last: Cell = (number(count.unexplained), BAD) if count.unexplained else "0"
    return [number(count.fields), equal, *(number(_counts(count)[n]) for n in shown), last]


def _floor(share: float) -> str:
    """Never rounded up to a whole: 99.999 % is not agreement.

    >>> _floor(1.0), _floor(0.9999999)
    ('100.000', '99.999')
    """
    thousandths = int(share * 100_000)
    return f"{thousandths / 1000:.3f}"


def _show_unexplained(screen: Screen, row: DriftRow) -> None:
    for reference in row.unexplained:
        screen.line((f"{row.flow} {row.left} ~ {row.right}: ", BAD), f"syncline why {reference}", hang=2)
    if row.repaired:
        screen.line(f"{row.flow}: {counted(row.repaired, 'record')} planned anew; `syncline sync` sends them.")
    elif row.unexplained:
        screen.line(f"{row.flow}: `syncline drift --repair` plans them anew.")
