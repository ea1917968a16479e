"""Follows what systems tell: between two pages of a pass, and at once while no pass is under way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from syncline.app.intake import Intake
from syncline.engine.event import follow_told, tend
from syncline.engine.hub import Hub, Run
from syncline.engine.recover import recover
from syncline.engine.runs import close_run, open_run
from syncline.model.state import IntentState, Stream
from syncline.ports.inbox import Told

_SHORTEST, _LONGEST = 0.25, 60.0  #: between two looks at what is due, while it stays due [s]

Followed = Callable[[Stream, float], None]  #: told of a record that was followed, and how long that took [s]


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
        self.to_list: dict[str, list[Told]] = {}  #: flow -> what said that something has changed, and not what
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
        bound = self._hub.of_entity(stream.entity)
        named = [one for one in told if one.key]
        if len(named) < len(told):
            self.to_list.setdefault(bound.flow.name, []).extend(one for one in told if not one.key)
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

    def listed(self, flows: Sequence[str]) -> None:
        """A pass has listed these: whatever had changed there is known."""
        for flow in flows:
            self._intake.has_stored(self.to_list.pop(flow, []))

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
