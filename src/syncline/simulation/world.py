"""The world around one hub: applications, people, time, and a hub that can die and be started again.

The hub in it is the product's own: composed and driven by what `syncline sync` calls, over simulated connectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from syncline.app import Hub, operations
from syncline.app.opening import compose, note_mappings
from syncline.model.event import Event
from syncline.model.page import Op
from syncline.model.report import RunReport
from syncline.simulation.application import Application
from syncline.simulation.door import Door, contract_of
from syncline.simulation.keeper import Keeper
from syncline.simulation.past import Write
from syncline.simulation.people import People
from syncline.simulation.script import Deed, Fault, Passing, Script
from syncline.simulation.shape import Shape
from syncline.simulation.virtual import Crash, Inline, VirtualEnv
from syncline.simulation.webhooks import Receiver

CALM = 0.5  #: what a person takes between two things [s]


class Told(NamedTuple):
    """What the hub said of one pass."""

    begun: int  #: [µs]
    at: int  #: when it ended [µs]
    report: RunReport


class World:
    """Applications, people and a hub."""

    def __init__(self, script: Script, shape: Shape) -> None:
        self.script, self.shape = script, shape
        self.env = VirtualEnv(script.seed)
        self.env.next_event = lambda: min(min(app.next_late(), app.outbox.next_due()) for app in self.apps.values())
        self.env.happen = self._land
        self.env.pass_point = self.moment
        self.counts: Counter[str] = Counter()  #: what happened, for the coverage of a campaign
        self.apps = {name: self._application(name) for name in shape.systems if name in script.systems}
        self.people = People(shape, self.apps, self.env)
        self.doors = {name: self._door(app) for name, app in self.apps.items()}
        self._keeper = Keeper(in_file=script.store == "file")
        self.hub: Hub | None = None
        self._copied = script.store == "file" and any(passing.put_back for passing in script.passes)
        self.put_back: list[tuple[int, int]] = []  #: (when the copy was made, when it became the hub's state) [µs]
        self.told: list[Told] = []
        self.heard: list[Event] = []
        self.crashes: list[tuple[int, str]] = []
        self.opened: list[int] = []  #: when a hub was started [µs]
        self.receiver = Receiver(self.moment, lambda: self.env.at, self.counts)
        self.trace: list[tuple[int, str]] = []  #: every moment: (instant, name)
        self._passing = Passing()
        self._moment = 0
        self._calls: Counter[str] = Counter()
        self._deeds: dict[int, list[Deed]] = {}
        self._faults: dict[tuple[str, int], Fault] = {}  #: by the call that it meets

    def _application(self, name: str) -> Application:
        sides = {
            flow.sides[name].resource: flow.sides[name] for flow in self.shape.flows.values() if name in flow.sides
        }
        app = Application(name, self.script.systems[name], sides, self.env, self.script.seed)
        app.outbox.counts = self.counts
        return app

    def _door(self, app: Application) -> Door:
        contracts = {
            side.resource: contract_of(app.habits, side, self.shape.flows[side.flow].identifiers)
            for side in app.sides.values()
        }
        return Door(app, contracts, self._call, self.moment)

    # --- moments ------------------------------------------------------------------------------------------------------

    def _land(self) -> None:
        for app in self.apps.values():
            if app.late:
                app.land_late()
            for one in app.outbox.arriving(self.env.at):
                self.receiver.receive(self.hub, app.sides[one.resource].flow, app.name, one)

    def moment(self, name: str) -> None:
        """Something passes: what is due happens, people act, the process may die."""
        self._moment += 1
        number = self._moment  # a webhook that lands has moments of its own
        self.trace.append((self.env.at, name))
        self._land()
        for deed in self._deeds.pop(number, ()):
            self._do(deed)
        if number == self._passing.crash:
            self.crashes.append((self.env.at, name))
            self.counts[f"crash {name}"] += 1
            raise Crash(name)

    def _do(self, deed: Deed) -> None:
        if self.people.do(deed):
            self.counts[f"deed {deed.op}"] += 1

    def _call(self, system: str, what: str, ops: Sequence[Op]) -> Fault | None:
        name = f"{system} {what}"
        self._calls.update(("", name))
        self.moment(name)
        fault = self._faults.pop(("", self._calls[""]), None) or self._faults.pop((name, self._calls[name]), None)
        if fault is not None:
            self.counts.update(f"fault {fault.kind} {one}" for one in {what, *(op.name.lower() for op in ops)})
        return fault

    # --- the hub ------------------------------------------------------------------------------------------------------

    def open(self) -> Hub:
        """The hub; a new one when the last has died."""
        if self.hub is None:
            self.opened.append(self.env.at)
            self._keeper.let_go()
            self.hub = compose(self.shape.project, self._keeper.open(), self.doors, self.env, [self], executor=Inline())
            note_mappings(self.hub, self.shape.project)
        return self.hub

    def hear(self, event: Event) -> None:
        """A listener: what the hub tells is kept."""
        self.heard.append(event)

    def let_pass(self, passing: Passing) -> RunReport | None:
        """One pass of the hub with all that happens meanwhile; None when it died."""
        self.env.sleep(passing.wait)
        if passing.anew:
            self.hub = None
        self._back_up(passing)
        self._begin(passing)
        begun = self.env.at
        try:
            report = operations.sync(self.open(), full=passing.full, approved=True)
        except Crash:
            self.hub = None
            self._end()
            return None
        self.told.append(Told(begun, self.env.at, report))
        self._end()
        return report

    def _back_up(self, passing: Passing) -> None:
        """Between two passes no process has the file: it is copied, or an old copy is put back."""
        if not self._copied:
            return
        self.hub = None
        since = self._keeper.put_back(passing.put_back)
        if since is not None:
            self.put_back.append((since, self.env.at))
            for door in self.doors.values():
                door.asked.clear()  # its cursors are those of then
        self._keeper.copy(self.env.at)

    def _begin(self, passing: Passing) -> None:
        self._passing, self._moment, self._calls = passing, 0, Counter()
        self._faults = {(fault.of, fault.call): fault for fault in passing.faults}
        self._deeds = {}
        for moment, deed in passing.deeds:
            self._deeds.setdefault(moment, []).append(deed)
        system, _, resource = passing.drift.partition(" ")
        for name, door in self.doors.items():
            door.changed = resource if name == system else ""

    def _end(self) -> None:
        """Whoever meant to act during the pass acts after it."""
        self._passing = Passing()
        left = [deed for _, deeds in sorted(self._deeds.items()) for deed in deeds]
        self._deeds, self._faults = {}, {}
        self.live_on(left)
        for door in self.doors.values():
            door.changed = ""

    def live_on(self, deeds: Sequence[Deed]) -> None:
        """People act while the hub does not."""
        for deed in deeds:
            self.env.sleep(CALM)
            self._do(deed)

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def writes(self) -> list[Write]:
        """Everything that the hub wrote, in the order in which it took effect."""
        return sorted((one for app in self.apps.values() for one in app.writes), key=lambda one: one.at)

    def close(self) -> None:
        """Let the store go."""
        self._keeper.close()
