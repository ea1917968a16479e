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
THINGS = st.integers(1, 4)
KINDS = st.sampled_from(sorted({*READ_FAULTS, *WRITE_FAULTS}))
FAULTS = st.lists(st.builds(Fault, call=st.integers(1, 30), kind=KINDS, wait=st.sampled_from([0.5, 4.0])), max_size=3)


class Agreement(RuleBasedStateMachine):
    """One world: applications with habits of a seed, and whatever comes to people's minds."""

    @initialize(seed=st.integers(1, 5_000))
    def begin(self, seed: int) -> None:
        drawn = draw(SHAPE, seed)
        script = msgspec.structs.replace(drawn, before=[], passes=[], last=[], mode="liveness", calm=False)
        self.history = History(script=script, shape=SHAPE.only(script.systems, script.flows))
        self.history.begin()
        self.token = 100

    @rule(data=st.data(), who=THINGS)
    def somebody_enters_a_record(self, data: st.DataObject, who: int) -> None:
        flow, system = self._place(data)
        fields = {
            one.name: self._value(one.kind)
            for one in SHAPE.flows[flow].fields.values()
            if one.kind in TOKENS and one.name not in SHAPE.flows[flow].identifiers
        }
        self._do(Deed(op="add", system=system, flow=flow, who=self._thing(flow, who), fields=fields))

    @rule(data=st.data(), who=THINGS)
    def somebody_edits_a_field(self, data: st.DataObject, who: int) -> None:
        flow, system = self._place(data)
        known = [
            one for one in SHAPE.flows[flow].fields.values()
            if one.kind in TOKENS and one.name in SHAPE.flows[flow].sides[system].writable
            and one.name not in SHAPE.flows[flow].identifiers and not one.field.group
        ]  # fmt: skip
        one = data.draw(st.sampled_from(known), label="field")
        value = "" if one.kind is Kind.TEXT and data.draw(st.booleans(), label="empty") else self._value(one.kind)
        self._do(Deed(op="edit", system=system, flow=flow, who=self._thing(flow, who), fields={one.name: value}))

    @rule(data=st.data(), who=THINGS, op=st.sampled_from(["save", "remove", "restore", "touch"]))
    def somebody_does_something_else(self, data: st.DataObject, who: int, op: str) -> None:
        flow, system = self._place(data)
        self._do(Deed(op=op, system=system, flow=flow, who=self._thing(flow, who)))

    @rule(
        wait=st.sampled_from([0.2, 5.0, 400.0]), full=st.booleans(), crash=st.sampled_from([0, 0, 3, 8, 15, 30]),
        faults=FAULTS,
    )  # fmt: skip
    def the_hub_passes(self, wait: float, full: bool, crash: int, faults: list[Fault]) -> None:
        kept = {fault.call: fault for fault in faults}
        self.history.let_pass(Passing(wait=wait, full=full, crash=crash, faults=list(kept.values())))

    def teardown(self) -> None:
        if not hasattr(self, "history"):
            return
        self.history.end()
        found, _ = violations(self.history)
        self.history.world.close()
        assert not found, found

    def _place(self, data: st.DataObject) -> tuple[str, str]:
        flow = data.draw(st.sampled_from(sorted(self.history.shape.flows)), label="flow")
        return flow, data.draw(st.sampled_from(sorted(self.history.shape.flows[flow].sides)), label="system")

    def _thing(self, flow: str, who: int) -> int:
        return who + 10 * sorted(SHAPE.flows).index(flow)

    def _value(self, kind: Kind) -> object:
        self.token += 1
        return TOKENS[kind](self.token)

    def _do(self, deed: Deed) -> None:
        self.history.world.live_on([deed])


def test_whatever_is_done_in_whatever_order_no_promise_is_broken():
    run_state_machine_as_test(
        Agreement,
        settings=settings(
            max_examples=RUNS, stateful_step_count=12, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
