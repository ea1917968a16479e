"""`syncline run`: passes as schedules say, one line each, and what systems tell of at once, until a signal comes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from syncline.app import open_hub, operations
from syncline.app.following import Following
from syncline.app.intake import Intake
from syncline.app.pulse import Pulse
from syncline.cli.announcing import Announcing
from syncline.cli.ending import tell_error
from syncline.cli.lazy import Asked
from syncline.cli.ledgers import agreement_parts
from syncline.cli.show import DIM, WAITS, Cell, Screen, moment, number
from syncline.cli.sources import Ears, hear, new_figures, open_sources
from syncline.cli.stopping import Stop
from syncline.config import Project
from syncline.engine.hub import Hub
from syncline.engine.schedule import Timer, keep
from syncline.errors import SetupError, StoreFailedError, StoreLostError, SynclineError
from syncline.model.report import RunReport
from syncline.model.state import Stream
from syncline.ports.figures import Figures
from syncline.ports.listener import Listener

STOP_WITHIN = 5  #: the page at hand, after a signal [s]; the server and the store have the rest of ten seconds
_HANG = 10  #: columns of the time of a pass
_LOOK = 0.2  #: how long a stop may go unnoticed [s]
_OFTEN = 300.0  #: a new ledger of what is followed begins at least so often [s]
_RECKON = 15.0  #: between two reckonings of the figures while no pass is due [s]
_DEEP = 6 * 3600.0  #: between two looks at every record for the figures [s]
_AGAIN = 1.0  #: after a store failed [s]


def timers_of(project: Project, flows: Sequence[str]) -> list[Timer]:
    """The schedules of these flows, or of all; SetupError when there are none.

    One that only webhooks or events start is listed once when the daemon begins, for what nobody heard until then.
    """
    refuse_unknown(project, flows)
    timers = [
        Timer(
            flow=one.flow.name, every=when.every, cron=when.cron, zone=when.zone, jitter=when.jitter,
            wakes=f"when {when.webhook} calls" if when.webhook else f"when {when.event} tells" if when.event else "",
        )
        for one in project.flows
        for when in one.when
        if not flows or one.flow.name in flows
    ]  # fmt: skip
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


def work(project: Project, timers: Sequence[Timer], stop: Stop, asked: Asked) -> None:
    """Run until stopped; a pass that fails is told, and tried again at its next time.

    When the store failed, the hub is opened once more: what it held in memory may be older than the store.
    """
    pulse, figures = Pulse(stop, timers), new_figures(project)
    daemon = _Daemon(
        project=project, stop=stop, asked=asked, screen=Screen(asked), pulse=pulse, figures=figures,
        announcing=Announcing(project, stop),
    )  # fmt: skip
    try:
        with daemon.opened, ExitStack() as listening:
            daemon.open()
            intake, sources = listening.enter_context(open_sources(project, pulse, figures, stop))
            daemon.attend(intake)
            if not asked.json:
                _show_timers(daemon.screen, timers, [*(one.told for one in sources), *daemon.ears.told])
            keep(stop, timers, daemon.run, stopped=lambda: stop.asked, wait=daemon.wait)
            daemon.end()
    except KeyboardInterrupt:
        return


def _show_timers(screen: Screen, timers: Sequence[Timer], sources: Sequence[str]) -> None:
    screen.table([(one.flow, one.told) for one in timers])
    for told in sources:
        screen.line((told, DIM))
    screen.line(("Ctrl-C ends it after the page at hand.", DIM))
    sys.stdout.flush()


@dataclass(slots=True, kw_only=True)
class _Daemon:
    """Pass after pass, what is told in between, and what was said last, so that nothing is said twice."""

    project: Project
    stop: Stop
    asked: Asked
    screen: Screen
    announcing: Announcing
    pulse: Pulse
    figures: Figures | None  #: None where nobody can ask for them
    opened: ExitStack = field(default_factory=ExitStack)  #: closes the hub
    hub: Hub | None = None  #: None after its store failed
    intake: Intake | None = None  #: None where nothing is told
    following: Following | None = None  #: of this hub
    ears: Ears = field(default_factory=Ears)  #: of this hub's connectors
    reckon_at: float = 0.0  #: when the figures are reckoned anew [s]
    deep_at: float = float("-inf")  #: when every record is looked at again [s]
    waiting: list[tuple[str, str]] = field(default_factory=list)  #: (place, reason) of the last pass

    def open(self) -> Hub:
        """The hub, opened anew where it had to be closed."""
        if self.hub is None:
            listeners: list[Listener] = [self.stop, self.pulse, *([self.figures] if self.figures else [])]
            opening = open_hub(self.project.folder, listeners=listeners, env=self.stop)
            self.hub = self.opened.enter_context(opening)
            self.pulse.store_is("")
            if self.intake is not None:
                self._listen(self.hub, self.intake)
        return self.hub

    def attend(self, intake: Intake | None) -> None:
        """What is told from now on, is followed."""
        self.intake = intake
        if intake is not None:
            self._listen(self.open(), intake)

    def _listen(self, hub: Hub, intake: Intake) -> None:
        """Follow what is told, and hear what the connectors of this hub are told, until it is closed."""
        self.following = Following(hub, intake, self._followed)
        self.ears = hear(hub, self.project, intake, self.figures)
        self.opened.callback(self.ears.stop)

    def run(self, flows: Sequence[str]) -> None:
        """One pass over these flows."""
        started, began = self.stop.monotonic(), self.stop.now()
        try:
            hub = self.open()
            if self.following is not None:
                self.following.end_run()
            report = operations.sync(hub, flows)
            if self.following is not None:
                self.following.listed(flows, started, report.paused)
            waits = self.announcing.after_pass(hub)
        except SynclineError as error:
            self._failed(error)
            return
        took = self.stop.monotonic() - started
        self.pulse.passed(flows, began, report.paused)
        if self.figures:
            self.figures.passed(flows, began.timestamp(), took, report.agreement)
            self._reckon(hub, self.figures)
        if self.asked.json:
            sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
        else:
            self._show(report, took)
        if waits:
            self._say_what_waits(waits)
        sys.stdout.flush()

    def _say_what_waits(self, waits: str) -> None:
        if self.asked.json:
            sys.stdout.buffer.write(msgspec.json.encode({"events_wait": waits}) + b"\n")
        else:
            self.screen.line(" " * _HANG, (waits, WAITS), hang=_HANG)

    def wait(self, until: datetime) -> None:
        """Follow what was told, see to what is due, and wait for more, until then at most."""
        pause = min(_LOOK, max(0.0, (until - self.stop.now()).total_seconds()))
        if self.following is None or self.intake is None:
            self.pulse.beat()
            self.stop.sleep(pause) if self.hub else self._reopen()
            return
        try:
            if self.following.waits():
                self.following.turn()
            elif told := self.following.to_list():
                self.run(told)
            else:
                due = self.following.tend()
                self.following.end_run(_OFTEN)
                self._say_what_is_heard()
                self.pulse.beat()
                if self.figures and self.hub and self.stop.monotonic() >= self.reckon_at:
                    self._reckon(self.hub, self.figures)
                if not self.following.waits():
                    self.intake.listen(min(pause, max(0.0, due)))
        except SynclineError as error:
            self._failed(error)
            self.stop.sleep(_AGAIN)

    def _reckon(self, hub: Hub, figures: Figures) -> None:
        """Reckon the figures anew; now and then with a look at every record, while what is told waits, durable."""
        now = self.stop.monotonic()
        is_deep = now >= self.deep_at
        figures.standing(operations.status(hub).streams)
        figures.reckoned(operations.figures(hub, deep=is_deep))
        self.reckon_at, self.deep_at = now + _RECKON, now + _DEEP if is_deep else self.deep_at

    def _say_what_is_heard(self) -> None:
        for told in self.ears.news():
            if self.asked.json:
                sys.stdout.buffer.write(msgspec.json.encode({"hearing": told}) + b"\n")
            else:
                self.screen.line((told, DIM))
            sys.stdout.flush()

    def end(self) -> None:
        """Keep the ledger of what was followed."""
        if self.following is not None:
            self.following.end_run()

    def _reopen(self) -> None:
        try:
            self.open()
        except SynclineError:
            self.stop.sleep(_AGAIN)

    def _failed(self, error: SynclineError) -> None:
        if isinstance(error, (StoreLostError, StoreFailedError)):
            if self.following is not None:
                self.following.let_go()
            self.hub = self.following = None
            self.pulse.store_is(str(error))
            self.opened.close()
        tell_error(error.what, error.cure, kind=type(error).__name__, json=self.asked.json)

    def _followed(self, stream: Stream, seconds: float) -> None:
        if self.figures:
            self.figures.followed(stream.system, seconds)

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
