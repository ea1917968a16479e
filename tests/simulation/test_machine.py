"""People, faults and crashes in an order that Hypothesis chooses and cuts down: the model is the applications alone.

The hub is driven by what `syncline sync` calls. What was done is asked of the applications and of the people in them;
nothing is asked of the hub's own tables.
"""

import os

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from syncline.simulation.door import READ_FAULTS, WRITE_FAULTS
from syncline.simulation.drawing import draw
from syncline.simulation.history import History
from syncline.simulation.invariants import violations
from syncline.simulation.script import Deed, Fault, Passing
from syncline.simulation.shape import TOKENS, Kind, reference

RUNS = int(os.environ.get("SYNCLINE_MACHINES", "200"))
SHAPE = reference()
PARENTS = {
    parent.name for flow in SHAPE.flows.values() for one in flow.fields.values()
    if one.kind is Kind.REFERENCE and (parent := SHAPE.of_entity(one.field.reference))
}  # fmt: skip
THINGS = st.integers(1, 4)
KINDS = st.sampled_from(sorted({*READ_FAULTS, *WRITE_FAULTS}))
FAULTS = st.lists(st.builds(Fault, call=st.integers(1, 30), kind=KINDS, wait=st.sampled_from([0.5, 4.0])), max_size=3)


class Agreement(RuleBasedStateMachine):
    """One world: applications with habits of a seed, and whatever comes to people's minds."""

    @initialize(seed=st.integers(1, 5_000))
    def begin(self, seed: int) -> None:
        drawn = draw(SHAPE, seed)
        script = msgspec.structs.replace(drawn, passes=[], last=[], mode="liveness", calm=False)
        self.history = History(script=script, shape=SHAPE.only(script.systems, script.flows))
        self.history.begin()
        self.token = 1000
        self.removed: set[tuple[str, int]] = set()
        self.things: dict[str, list[int]] = {flow: [900] for flow in self.history.shape.flows}
        for deed in drawn.before:
            self.things[deed.flow].append(deed.who)

    @rule(data=st.data(), who=THINGS)
    def somebody_enters_a_record(self, data: st.DataObject, who: int) -> None:
        flow, system = self._place(data)
        if (flow, self._thing(flow, who)) in self.removed:
            return  # it may be restored; the same thing entered anew beside its deletion is another record
        fields = {
            one.name: self._value(one.kind)
            for one in SHAPE.flows[flow].fields.values()
            if one.kind in TOKENS and one.name not in SHAPE.flows[flow].identifiers
        }
        self._do(Deed(op="add", system=system, flow=flow, who=self._thing(flow, who), fields=fields))

    @rule(data=st.data(), who=THINGS)
    def somebody_edits_a_field(self, data: st.DataObject, who: int) -> None:
        self._do(self._edit(data, who))

    @rule(data=st.data(), who=THINGS, op=st.sampled_from(["save", "remove", "restore", "touch"]))
    def somebody_does_something_else(self, data: st.DataObject, who: int, op: str) -> None:
        flow, system = self._place(data)
        if op == "remove" and flow in PARENTS:
            op = "save"  # a system with any sense refuses to delete what others name
        if op == "remove":
            self.removed.add((flow, self._thing(flow, who)))
        self._do(Deed(op=op, system=system, flow=flow, who=self._thing(flow, who)))

    @rule(
        data=st.data(), meanwhile=st.lists(st.tuples(st.integers(1, 40), THINGS), max_size=2),
        wait=st.sampled_from([0.2, 5.0, 400.0]), full=st.booleans(), crash=st.sampled_from([0, 0, 3, 8, 15, 30]),
        faults=FAULTS,
    )  # fmt: skip
    def the_hub_passes(
        self, data: st.DataObject, meanwhile: list[tuple[int, int]], wait: float, full: bool, crash: int,
        faults: list[Fault],
    ) -> None:  # fmt: skip
        kept = {fault.call: fault for fault in faults}
        deeds = [(moment, self._edit(data, who)) for moment, who in sorted(meanwhile)]
        passing = Passing(wait=wait, full=full, crash=crash, faults=list(kept.values()), deeds=deeds)
        self.history.script.passes.append(passing)
        self.history.let_pass(passing)

    def teardown(self) -> None:
        if not hasattr(self, "history"):
            return
        self.history.end()
        found, _ = violations(self.history)
        self.history.world.close()
        assert not found, found

    def _edit(self, data: st.DataObject, who: int) -> Deed:
        flow, system = self._place(data)
        known = [
            one for one in SHAPE.flows[flow].fields.values()
            if one.kind in TOKENS and one.name in SHAPE.flows[flow].sides[system].writable
            and one.name not in SHAPE.flows[flow].identifiers and not one.field.group
        ]  # fmt: skip
        one = data.draw(st.sampled_from(known), label="field")
        value = "" if one.kind is Kind.TEXT and data.draw(st.booleans(), label="empty") else self._value(one.kind)
        return Deed(op="edit", system=system, flow=flow, who=self._thing(flow, who), fields={one.name: value})

    def _place(self, data: st.DataObject) -> tuple[str, str]:
        flow = data.draw(st.sampled_from(sorted(self.history.shape.flows)), label="flow")
        return flow, data.draw(st.sampled_from(sorted(self.history.shape.flows[flow].sides)), label="system")

    def _thing(self, flow: str, who: int) -> int:
        return self.things[flow][who % len(self.things[flow])]

    def _value(self, kind: Kind) -> object:
        self.token += 1
        return TOKENS[kind](self.token)

    def _do(self, deed: Deed) -> None:
        self.history.world.live_on([deed])


def test_whatever_is_done_in_whatever_order_no_promise_is_broken():
    run_state_machine_as_test(
        Agreement,
        settings=settings(
            max_examples=RUNS, stateful_step_count=25, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
