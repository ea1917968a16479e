"""`syncline run`: passes as schedules say, one line each, until a signal comes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from syncline.app import operations
from syncline.cli.ending import tell_error
from syncline.cli.lazy import Asked
from syncline.cli.ledgers import agreement_parts
from syncline.cli.show import DIM, WAITS, Cell, Screen, moment, number
from syncline.cli.stopping import Stop
from syncline.config import Project
from syncline.engine.hub import Hub
from syncline.engine.schedule import Timer, keep
from syncline.errors import SetupError, SynclineError
from syncline.model.report import RunReport


def timers_of(project: Project, flows: Sequence[str]) -> list[Timer]:
    """The schedules that time alone decides; SetupError when there are none."""
    refuse_unknown(project, flows)
    timers = [
        Timer(flow=one.flow.name, every=when.every, cron=when.cron, zone=when.zone)
        for one in project.flows
        for when in one.when
        if (when.every or when.cron) and (not flows or one.flow.name in flows)
    ]
    if not timers:
        raise SetupError("No flow has a schedule.", cure="Give a flow one, such as `when: {every: 30s}`.")
    return timers


def refuse_unknown(project: Project, flows: Sequence[str]) -> None:
    """SetupError when a flow of that name does not exist."""
    known = [one.flow.name for one in project.flows]
    for flow in flows:
        if flow not in known:
            msg = f"There is no flow `{flow}`."
            raise SetupError(msg, cure=f"Known: {', '.join(known)}.")


def work(hub: Hub, timers: Sequence[Timer], stop: Stop, asked: Asked) -> None:
    """Run until stopped; a pass that fails is told, and tried again at its next time."""
    screen = Screen(asked)
    if not asked.json:
        _show_timers(screen, timers)

    def one_pass(flows: Sequence[str]) -> None:
        started = stop.monotonic()
        try:
            report = operations.sync(hub, flows)
        except SynclineError as error:
            tell_error(error.what, error.cure, kind=type(error).__name__, json=asked.json)
            return
        _show_pass(screen, asked, report, stop.monotonic() - started)

    try:
        keep(stop, timers, one_pass, stopped=lambda: stop.asked)
    except KeyboardInterrupt:
        return


def _show_timers(screen: Screen, timers: Sequence[Timer]) -> None:
    screen.table([(one.flow, one.told) for one in timers])
    screen.line(("Ctrl-C ends it after the page at hand.", DIM))


def _show_pass(screen: Screen, asked: Asked, report: RunReport, seconds: float) -> None:
    if asked.json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        sys.stdout.flush()
        return
    read, sent = (sum(getattr(one, name) for one in report.accounts) for name in ("read", "intended"))
    parts: list[Cell] = [moment(report.started), f"  read {number(read)} · sent {number(sent)} · "]
    parts += agreement_parts(report.agreement) if report.agreement else []
    parts.append((f" ({seconds:.1f} s)", DIM))
    screen.line(*parts, hang=10)
    for place, reason in report.paused.items():
        screen.line((f"          {place} is paused: ", WAITS), reason, hang=10)
    for reason in dict.fromkeys(report.held):
        screen.line((f"          {reason}", WAITS), hang=10)
    sys.stdout.flush()
