"""Follows what systems tell: between two pages of a pass, and at once while no pass is under way."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from syncline.app.intake import Intake
from syncline.engine.event import follow_told, tend
from syncline.engine.hub import Hub, Run
from syncline.engine.recover import recover
from syncline.engine.runs import close_run, open_run
from syncline.model.state import IntentState, Stream
from syncline.ports.inbox import Told

_SHORTEST, _LONGEST = 0.25, 60.0  #: between two looks at what is due, while it stays due [s]

_LISTED_AGAIN = 5.0  #: after a system was left out of a pass [s]

Followed = Callable[[Stream, float], None]  #: told of a record that was followed, and how long that took [s]


class _ToList(NamedTuple):
    """Something that is to be looked for in a listing."""

    due: float  #: when [s]
    shown: float  #: a listing that begins later shows it for sure [s]


class Following:
    """One hub's answer to what its systems tell. All in the thread of the engine."""

    def __init__(self, hub: Hub, intake: Intake, followed: Followed) -> None:
        self._hub, self._intake, self._followed = hub, intake, followed
        self._run: Run | None = None
        self._turning = False
        self._woken = True  #: may what waited go on?
        self._tend_at = float("-inf")
        self._pause = _SHORTEST
        self._began = 0.0  #: the run [s]
        self._to_list: dict[str, dict[Told, _ToList]] = {}  #: flow -> what said that something has changed, not what
        hub.meanwhile = self
        hub.settle_for = 0.0  # whoever follows comes back when something is due, and need not wait for it
        if hub.store.intents(IntentState.SENT):
            recover(hub, self._now_running())

    def waits(self) -> bool:
        """Is there anything to follow now?"""
        return not self._turning and self._intake.waits()

    def turn(self) -> None:
        """Follow what was told, each flow's records page by page."""
        told = self._intake.fetch()
        if not told:
            return
        left = dict(told)
        self._turning = True
        try:
            for stream, ones in _by_stream(told).items():
                self._follow(stream, ones, told)
                for one in ones:
                    del left[one]
        finally:
            self._turning = False
            if left:  # the store failed
                self._intake.give_back(list(left))

    def _follow(self, stream: Stream, told: Sequence[Told], since: Mapping[Told, float]) -> None:
        bound = next((one for one in self._hub.flows.values() if one.entity == stream.entity), None)
        if bound is None or stream.system not in bound.sides:  # told before a person took it out of the settings
            self._intake.has_stored(told)
            return
        named = [one for one in told if one.key]
        if len(named) < len(told):
            now, lag = self._hub.env.monotonic(), bound.sides[stream.system].contract.lag
            waiting = self._to_list.setdefault(bound.flow.name, {})
            waiting.update({one: _ToList(due=now, shown=since[one] + lag) for one in told if not one.key})
            self._tell_hub()
        if not named:
            return
        follow_told(self._hub, bound, stream.system, [one.key for one in named], self._now_running())
        self._intake.has_stored(named)
        self._woken = True
        now = self._hub.env.monotonic()
        for one in named:
            self._followed(stream, now - since[one])

    def tend(self) -> float:
        """See to what is due by now; in how many seconds something will be [s], infinite when nothing waits."""
        hub = self._hub
        now, due = hub.env.monotonic(), self._due()
        if (due <= 0 or self._woken) and now >= self._tend_at:
            self._woken = False
            tend(hub, list(hub.flows.values()), self._now_running())
            due = self._due()
            self._pause = min(_LONGEST, self._pause * 2) if due <= 0 else _SHORTEST
            self._tend_at = now + self._pause
        return max(0.0 if self._woken else due, self._tend_at - now)

    def _due(self) -> float:
        due = self._hub.store.next_due()
        return float("inf") if due is None else (due - self._hub.now()) / 1e6

    def to_list(self) -> list[str]:
        """The flows in which something has changed, nobody said what, and a look is due."""
        now = self._hub.env.monotonic()
        return [flow for flow, waiting in self._to_list.items() if any(one.due <= now for one in waiting.values())]

    def listed(self, flows: Sequence[str], began: float, paused: Container[str]) -> None:
        """A pass that began then has listed these flows, but for what was left out [s].

        What was told while it went on, and what a listing may not have shown yet, is looked for once more.
        """
        later = self._hub.env.monotonic() + _LISTED_AGAIN
        for flow in flows:
            waiting = self._to_list.pop(flow, {})
            left: dict[Told, _ToList] = {}
            for one, when in waiting.items():
                if one.stream.system in paused or f"{flow} {one.stream.system}" in paused:
                    left[one] = _ToList(due=later, shown=when.shown)
                elif began < when.shown:
                    left[one] = _ToList(due=when.shown, shown=when.shown)
            self._intake.has_stored([one for one in waiting if one not in left])
            if left:
                self._to_list[flow] = left
        self._tell_hub()

    def let_go(self) -> None:
        """The store failed: what was to be listed is told to whoever follows next."""
        self._intake.give_back([one for waiting in self._to_list.values() for one in waiting])
        self._to_list = {}
        self._tell_hub()

    def _tell_hub(self) -> None:
        """Whatever is listed seldom is to be listed with the next pass."""
        self._hub.told = frozenset(one.stream for waiting in self._to_list.values() for one in waiting)

    def end_run(self, older: float = 0.0) -> None:
        """Keep the ledger of what was followed, if that began so long ago [s]."""
        run = self._run
        if run is not None and self._hub.env.monotonic() - self._began >= older:
            self._run = None
            close_run(self._hub, run)

    def _now_running(self) -> Run:
        """The run that counts what is followed, until the next pass begins."""
        if self._run is None:
            self._run = open_run(self._hub, full=False, approved=False, send=True)
            self._began = self._hub.env.monotonic()
        return self._run


def _by_stream(told: Iterable[Told]) -> dict[Stream, list[Told]]:
    found: dict[Stream, list[Told]] = {}
    for one in told:
        found.setdefault(one.stream, []).append(one)
    return found
