"""`syncline run`: passes as schedules say, one line each, until a signal comes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

import msgspec

from syncline.app import operations
from syncline.cli.ending import tell_error
from syncline.cli.lazy import Asked
from syncline.cli.ledgers import agreement_parts
from syncline.cli.show import DIM, WAITS, Cell, Screen, moment, number
from syncline.cli.stopping import Stop
from syncline.cli.telling import Telling
from syncline.config import Project
from syncline.engine.hub import Hub
from syncline.engine.schedule import Timer, keep
from syncline.errors import SetupError, StoreFailedError, StoreLostError, SynclineError
from syncline.model.report import RunReport

_HANG = 10  #: columns of the time of a pass


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


def work(
    project: Project,
    opening: Callable[[], AbstractContextManager[Hub]],
    timers: Sequence[Timer],
    stop: Stop,
    asked: Asked,
) -> None:
    """Run until stopped; a pass that fails is told, and tried again at its next time.

    When the store failed, `opening` is called once more: what the hub held in memory may be older than the store.
    """
    with ExitStack() as opened:
        telling = Telling(project, stop)
        passes = _Passes(
            opening=opening, opened=opened, stop=stop, asked=asked, screen=Screen(asked), telling=telling
        )  # fmt: skip
        passes.open()
        if not asked.json:
            _show_timers(passes.screen, timers)
        try:
            keep(stop, timers, passes.run, stopped=lambda: stop.asked)
        except KeyboardInterrupt:
            return


def _show_timers(screen: Screen, timers: Sequence[Timer]) -> None:
    screen.table([(one.flow, one.told) for one in timers])
    screen.line(("Ctrl-C ends it after the page at hand.", DIM))
    sys.stdout.flush()


@dataclass(slots=True, kw_only=True)
class _Passes:
    """Pass after pass, and what was said last, so that nothing is said twice."""

    opening: Callable[[], AbstractContextManager[Hub]]
    opened: ExitStack  #: closes the hub
    stop: Stop
    asked: Asked
    screen: Screen
    telling: Telling  #: of whoever wants to know what was agreed
    hub: Hub | None = None  #: None after its store failed
    waiting: list[tuple[str, str]] = field(default_factory=list)  #: (place, reason) of the last pass

    def open(self) -> Hub:
        """The hub, opened anew where it had to be closed."""
        if self.hub is None:
            self.hub = self.opened.enter_context(self.opening())
        return self.hub

    def run(self, flows: Sequence[str]) -> None:
        """One pass over these flows."""
        started = self.stop.monotonic()
        try:
            report = operations.sync(self.open(), flows)
            waits = self.telling.after_pass(self.open())
        except SynclineError as error:
            if isinstance(error, (StoreLostError, StoreFailedError)):
                self.hub = None
                self.opened.close()
            tell_error(error.what, error.cure, kind=type(error).__name__, json=self.asked.json)
            return
        if self.asked.json:
            sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        else:
            self._show(report, self.stop.monotonic() - started)
        if waits:
            self._wait_told(waits)
        sys.stdout.flush()

    def _wait_told(self, waits: str) -> None:
        if self.asked.json:
            sys.stdout.buffer.write(msgspec.json.encode({"events_wait": waits}) + b"\n")
        else:
            self.screen.line(" " * _HANG, (waits, WAITS), hang=_HANG)

    def _show(self, report: RunReport, seconds: float) -> None:
        read, sent = sum(one.read for one in report.accounts), sum(one.intended for one in report.accounts)
        parts: list[Cell] = [f"{moment(report.started)}  read {number(read)} · sent {number(sent)} · "]
        parts += agreement_parts(report.agreement) if report.agreement else []
        self.screen.line(*parts, (f" ({seconds:.1f} s)", DIM), hang=_HANG)
        waiting = [(f"{place} is paused: ", reason) for place, reason in report.paused.items()]
        waiting += [("", reason) for reason in dict.fromkeys(report.held)]
        for place, reason in waiting:
            if (place, reason) not in self.waiting:
                self.screen.line(" " * _HANG, (place, WAITS), reason, hang=_HANG)
        self.waiting = waiting
