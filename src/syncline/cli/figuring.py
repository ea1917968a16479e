"""How the figures, the findings and the profiles are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.cli.show import BAD, DIM, GOOD, HEAD, WAITS, Cell, Screen, ago, counted, moment, number
from syncline.model.figures import DriftFigure, ExchangeFigure, Figures, FindingRow, MappingFigure, ValidationFigure
from syncline.quality.profile import EntityProfile, FieldProfile

_STYLES: Mapping[str, str] = {"green": GOOD, "amber": WAITS, "red": BAD}
_PSI_AMBER, _PSI_RED = 0.1, 0.2
_MOST_FIELDS = 20
_OFTEN = 18  #: characters of the commonest value
_HOUR, _MINUTE = 3600, 60


def show_figures(screen: Screen, told: Figures) -> None:
    """One block per kind of figure; what is not green has its colour."""
    if told.exchange:
        heads = ("", "captured", "applied", "rejected", "parked", "backlog", "lag p95", "open 24 h", "burn 1 h")
        rows: list[Sequence[Cell]] = [[(name, DIM) for name in heads], *map(_exchange, told.exchange)]
        screen.table(rows, indent=0, align="<" + ">" * (len(heads) - 1))
        for row in told.exchange:
            _warn(screen, row)
    for checked in told.validation:
        _show_validation(screen, checked)
    for name, count in told.findings.items():
        screen.line((f"{name}: {counted(count, 'finding')}", WAITS), "; `syncline findings` lists them")
    for drift in told.drift:
        _show_drift(screen, drift)
    _show_mappings(screen, told.mappings)
    if told.volume:
        one = told.volume
        parts = f"{number(one.inserts)} inserts, {number(one.updates)} updates, {number(one.deletes)} deletes"
        share = (f"{one.ratio:.1%} of {number(one.records)} records", _STYLES[one.light])
        screen.line(f"run {one.run} changed: {parts}, ", share)


def _exchange(one: ExchangeFigure) -> Sequence[Cell]:
    lights = one.lights
    return (
        f"{one.flow} to {one.system}", number(one.captured), number(one.applied), number(one.rejected),
        number(one.parked), number(one.backlog), (_span(one.lag_p95), _STYLES[lights["lag"]]),
        f"{one.open_24h:.2f} h", (f"{one.burn_1h:.1f}x", _STYLES[lights["budget"]]),
    )  # fmt: skip


def _warn(screen: Screen, one: ExchangeFigure) -> None:
    if one.missing:
        what = f"{one.flow} to {one.system}: {abs(one.missing)} of the captured changes are not accounted for. "
        screen.line((what, BAD), "Run `syncline drift --repair`, and report this.", hang=2)
    if one.lights["heartbeat"] == "red":
        screen.line((f"{one.system} was last read to the end {_span(one.heartbeat)} ago", BAD))


def _span(seconds: float) -> str:
    if seconds >= _HOUR:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _MINUTE:.1f} min" if seconds >= _MINUTE else f"{seconds:.1f} s"


def _show_validation(screen: Screen, one: ValidationFigure) -> None:
    bound = f" (95 % sure of {one.low:.4f})" if one.sampled else ""
    screen.line(
        f"{one.flow} validation score ", (f"{one.w:.4f}{bound}", _STYLES[one.light]), f" over {one.samples} samples"
    )
    failed = [check for check in one.checks if check.passed < check.tried]
    rows = [
        (f"  {check.rule}", f"{number(check.tried - check.passed)} of {number(check.tried)} fail") for check in failed
    ]
    if rows:
        screen.table(rows, indent=0)


def _show_drift(screen: Screen, one: DriftFigure) -> None:
    apart = f"{number(one.settled)} settled, {number(one.in_flight)} in flight, of {number(one.comparable)} compared"
    screen.line(f"{one.flow} drift: ", (apart, _STYLES[one.lights["rate"]]))
    if one.missing or one.orphans:
        screen.line((f"  {counted(one.missing, 'record')} missing, {counted(one.orphans, 'orphan')}", WAITS))
    for field in one.fields[:_MOST_FIELDS]:
        money = f", net {field.net} gross {field.gross} {field.unit}".rstrip() if field.net else ""
        if field.settled or field.in_flight:
            screen.line(f"  {field.field}: {number(field.settled)} settled, {number(field.in_flight)} in flight{money}")


def _show_mappings(screen: Screen, mappings: Sequence[MappingFigure]) -> None:
    rows: list[Sequence[Cell]] = []
    for one in mappings:
        cover = f"{one.mapped} of {one.offered} fields" if one.offered else f"{one.mapped} fields"
        lossy = f"; changes {', '.join(one.lossy)}" if one.lossy else ""
        alike = f"; writes alike {', '.join(one.ambiguous)}" if one.ambiguous else ""
        new = f"; {', '.join(one.changed)} mapped anew {ago(one.changed_at)}" if one.changed else ""
        share = f"{int(one.round_trip * 1e4) / 100:.2f} % there and back{lossy}{alike}{new}"
        rows.append((f"{one.flow} mapping of {one.system}", cover, (share, _STYLES[one.light])))
    if rows:
        screen.table(rows, indent=0)


def show_findings(screen: Screen, rows: Sequence[FindingRow]) -> None:
    """One line for each, with its cure."""
    if not rows:
        screen.line(("Every record that was read keeps the rules that only warn.", GOOD))
        return
    for row in rows:
        value = f" ({row.field} = {row.value})" if row.field else ""
        screen.line((f"{row.flow} {row.system} {row.key} ", HEAD), f"{row.rule}: {row.reason}{value}", hang=2)
        screen.line((f"  {row.cure}; since {moment(row.since)}", DIM), hang=4)


def show_profiles(screen: Screen, profiles: Sequence[EntityProfile]) -> None:
    """A table per flow, one line per field, what has changed in its colour."""
    heads = ("field", "blank", "distinct", "length", "min", "median", "max", "outliers", "shift", "most often")
    for one in profiles:
        against = f", against {moment(one.before)}" if one.before else ""
        screen.line((one.flow, HEAD), f" {counted(one.records, 'record')}{against}")
        rows: list[Sequence[Cell]] = [[(name, DIM) for name in heads], *map(_field, one.fields)]
        screen.table(rows, indent=2, align="<>>>>>>>><")


def _field(one: FieldProfile) -> Sequence[Cell]:
    found = one.numbers
    blank: Cell = (f"{one.blanks:.1%}", WAITS) if one.new_nulls > 0 else f"{one.blanks:.1%}"
    often = next(iter((one.top or one.shapes).items()), None)
    return (
        one.field, blank, f"{'' if one.exact else '~'}{number(one.distinct)}",
        f"{one.shortest}-{one.longest}" if one.longest else "",
        _cut(found.least) if found else "", f"{found.median:g}" if found else "", _cut(found.most) if found else "",
        f"{found.outliers:.1%}" if found and found.outliers else "", _shift(one.psi),
        f"{_cut(often[0], _OFTEN)} {often[1]:,}" if often else "",
    )  # fmt: skip


def _cut(text: str, most: int = 12) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _shift(psi: float | None) -> Cell:
    if psi is None:
        return ""
    style = BAD if psi > _PSI_RED else WAITS if psi > _PSI_AMBER else GOOD
    return (f"{psi:.2f}", style)
