"""From a seed to a script: every rate is drawn anew for each seed, so that rare mixtures come up as well.

One history is nearly without faults but full of deletes, another loses every fifth answer: a swarm finds what fixed
rates never do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from syncline.simulation.application import REFUSED
from syncline.simulation.door import READ_FAULTS, WRITE_FAULTS
from syncline.simulation.script import Deed, Fault, Habits, Passing, Script
from syncline.simulation.shape import TOKENS, FieldShape, FlowShape, Kind, Shape
from syncline.simulation.temper import draw_habits, draw_reuse, draw_webhooks, draw_workflow

FAULTS = tuple(dict.fromkeys((*READ_FAULTS, *WRITE_FAULTS)))
PAIR = 2
SMALLER = 0.5  #: share of histories with fewer systems, and of those with fewer flows
PUT_BACK = 0.3  #: share of those in which an old copy of that file is put back
FILES = 0.2  #: share of histories whose hub keeps its state in a file
CRASHES = 60  #: moments of a pass among which the process dies
TWINS = 0.1  #: share of new things that two people enter in two systems at once
LONGEST = 90  #: moments of a pass in which something may happen
Op = Literal["add", "edit", "save", "remove", "restore", "merge", "split", "rename", "touch", "roll-back"]
ALONE: tuple[Op | None, ...] = (None, None, "merge", "merge", "split", "rename")


@dataclass(slots=True, kw_only=True)
class Swarm:
    """The rates of one history."""

    people: float  #: deeds per pass
    meanwhile: float  #: share of them during a pass
    crash: float  #: share of passes that the process does not outlive
    fault: float  #: share of calls that go wrong
    kinds: Sequence[str]  #: what goes wrong
    ops: dict[Op, float]
    empties: float  #: share of edits that empty a field
    refused: float  #: share of texts that a validation rule refuses
    full: float  #: share of passes that read everything
    anew: float


@dataclass(slots=True, kw_only=True)
class Drawer:
    """Draws one script."""

    shape: Shape
    seed: int
    chance: random.Random = field(init=False)
    tokens: int = 0
    things: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"script {self.seed}")  # noqa: S311  a seed repeats

    def script(self) -> Script:
        """The script of the seed."""
        chance = self.chance
        self.shape = self._part()
        scan, calm = chance.random() < 0.8, chance.random() < 0.08
        systems = {name: draw_habits(self.shape, name, chance, scan=scan) for name in self.shape.systems}
        draw_workflow(self.shape, systems, chance)
        draw_webhooks(systems, random.Random(f"webhooks {self.seed}"))  # noqa: S311  a seed repeats
        swarm = self._swarm(systems, scan=scan, calm=calm)
        most = 6
        if scan and not any(swarm.ops[one] for one in ("merge", "split", "rename")):  # such mixtures say nothing
            draw_reuse(systems, random.Random(f"reuse {self.seed}"))  # noqa: S311  a seed repeats
        if any(habits.reuses != "never" for habits in systems.values()):
            swarm.ops |= {"add": 3.0, "remove": 3.0}
            swarm.crash, swarm.full, most = swarm.crash / 4, 1.0, 12  # time enough to know that a record is gone
        before = list(self._before())
        passes = [self._passing(swarm, number) for number in range(chance.randint(most // 2, most))]
        store: Literal["memory", "file"] = "file" if chance.random() < FILES else "memory"
        if calm:
            passes = list(self._calmed(passes))
        elif store == "file" and chance.random() < PUT_BACK:
            number = chance.randrange(1, len(passes))
            passes[number] = msgspec.structs.replace(passes[number], put_back=chance.randint(1, number))
        return Script(
            seed=self.seed, flows=list(self.shape.flows), scan=scan, calm=calm,
            mode="liveness" if chance.random() < 0.9 else "safety", systems=systems, before=before,
            store=store, passes=passes,
            last=[self._edit(swarm)] if chance.random() < 0.3 else [],
        )  # fmt: skip

    def _part(self) -> Shape:
        """Often only two systems and one flow: what meets there meets more often."""
        chance, shape = self.chance, self.shape
        systems, flows = shape.systems, list(shape.flows)
        if len(systems) > PAIR and chance.random() < SMALLER:
            systems = chance.sample(systems, PAIR)
        if len(flows) > 1 and chance.random() < SMALLER:
            one = chance.choice(flows)
            flows = [one, *shape.parents(one)]
        return shape.only(systems, flows)

    # --- rates --------------------------------------------------------------------------------------------------------

    def _swarm(self, systems: dict[str, Habits], *, scan: bool, calm: bool) -> Swarm:
        chance, pick = self.chance, self.chance.choice
        ops: dict[Op, float] = {
            "add": pick((0.5, 1.0, 3.0)), "edit": pick((4.0, 8.0, 16.0)), "save": pick((0.0, 0.3)),
            "remove": pick((0.0, 0.3, 1.0)), "restore": pick((0.0, 0.0, 0.3)),
            "merge": 0.0, "split": 0.0, "rename": 0.0,
            "touch": pick((0.0, 0.2)), "roll-back": pick((0.0, 0.0, 0.2)) if scan else 0.0,
        }  # fmt: skip
        alone = pick(ALONE)  # what makes one thing of two, two of one, or another of one: never together
        if alone:
            ops[alone] = 0.4
        return Swarm(
            people=0.0 if calm else pick((2.0, 3.0, 5.0)), meanwhile=pick((0.3, 0.7)),
            crash=pick((0.4, 0.8, 1.0)), fault=pick((0.0, 0.03, 0.08, 0.2)),
            kinds=chance.sample(FAULTS, pick((2, 6, len(FAULTS)))), ops=ops, empties=pick((0.0, 0.05, 0.15)),
            refused=pick((0.0, 0.05)) if any(one.rejects for one in systems.values()) else 0.0,
            full=pick((0.0, 0.3, 1.0)) if scan else 0.0, anew=pick((0.0, 0.3, 1.0)),
        )  # fmt: skip

    def _calmed(self, passes: Sequence[Passing]) -> Iterator[Passing]:
        """One thing is done, then three passes without anybody: in the second of them a doubt begins, at the latest."""
        quiet = Swarm(
            people=0, meanwhile=0, crash=0, fault=0, kinds=(), empties=0.1, refused=0, full=0, anew=0,
            ops={"add": 1.0, "edit": 8.0},
        )  # fmt: skip
        yield Passing(wait=100.0, full=True)
        for passing in passes:
            yield msgspec.structs.replace(passing, wait=100.0, full=True, deeds=[])
            yield Passing(wait=100.0, full=True)
            yield Passing(wait=100.0, full=True, deeds=[(10_000, self._deed(quiet))])

    # --- what happens -------------------------------------------------------------------------------------------------

    def _passing(self, swarm: Swarm, number: int) -> Passing:
        chance = self.chance
        count = int(swarm.people + chance.random())
        deeds = []
        for _ in range(count):
            during = chance.random() < swarm.meanwhile
            moment, deed = chance.randint(1, LONGEST) if during else 10_000, self._deed(swarm)
            deeds += [(moment, one) for one in (deed, *self._twin(deed))]
        crash = chance.randint(1, CRASHES) if chance.random() < swarm.crash else 0
        return Passing(
            wait=chance.choice((0.2, 1.0, 5.0, 40.0, 400.0, 5000.0)), full=number == 0 or chance.random() < swarm.full,
            anew=chance.random() < swarm.anew, crash=crash, deeds=sorted(deeds, key=lambda one: one[0]),
            faults=list(self._faults(swarm)), drift=self._drift(),
        )  # fmt: skip

    def _twin(self, deed: Deed) -> Iterator[Deed]:
        """The same thing, entered elsewhere at the same time."""
        if deed.op == "add" and self.chance.random() < TWINS:
            flow = self.shape.flows[deed.flow]
            yield self._add(flow, self.chance.choice([one for one in flow.sides if one != deed.system]), deed.who)

    def _drift(self) -> str:
        if self.chance.random() > 0.02:
            return ""
        flow = self.chance.choice(list(self.shape.flows.values()))
        side = self.chance.choice(list(flow.sides.values()))
        return f"{side.system} {side.resource}"

    def _faults(self, swarm: Swarm) -> Iterator[Fault]:
        chance = self.chance
        if not swarm.fault:
            return
        call = 0
        while (call := call + 1 + int(chance.expovariate(swarm.fault))) <= LONGEST:
            yield Fault(call=call, kind=chance.choice(swarm.kinds), wait=round(chance.uniform(0.1, 6.0), 3))

    def _before(self) -> Iterator[Deed]:
        """What is there before the hub comes; some of it in two systems."""
        for flow in self.shape.flows.values():
            for _ in range(self.chance.randint(1, 2)):
                who = self._new_thing(flow)
                systems = list(flow.sides)
                for system in self.chance.sample(systems, self.chance.choice((1, 1, 2, len(systems)))):
                    yield self._add(flow, system, who)

    def _new_thing(self, flow: FlowShape) -> int:
        self.tokens += 1
        self.things.setdefault(flow.name, []).append(self.tokens)
        return self.tokens

    def _deed(self, swarm: Swarm) -> Deed:
        op = self.chance.choices(list(swarm.ops), list(swarm.ops.values()))[0]
        flow = self.chance.choice(list(self.shape.flows.values()))
        system = self.chance.choice(list(flow.sides))
        if op == "add":
            return self._add(flow, system, self._new_thing(flow))
        if op == "edit":
            return self._edit(swarm)
        if op in ("touch", "roll-back"):
            return Deed(op=op, system=system, back=self.chance.choice((5.0, 60.0, 500.0)))
        if op in ("split", "rename"):
            return self._anew(op, flow, system)
        who = self._pick(flow, lasting=None if op in ("save", "merge") else False)
        other = self._pick(flow, lasting=True if who % 2 else None)  # what lasts is merged into what lasts
        if op == "merge" and who == other:
            op = "save"
        return Deed(op=op, system=system, flow=flow.name, who=who, other=other if op == "merge" else 0)

    def _anew(self, op: Literal["split", "rename"], flow: FlowShape, system: str) -> Deed:
        """One record becomes two, or is called by another name."""
        who = self._pick(flow)
        if op == "split":
            return Deed(op=op, system=system, flow=flow.name, who=who, other=self._new_thing(flow))
        names = [one for one in flow.identifiers if one in flow.sides[system].writable]
        self.tokens += 1
        fields: dict[str, object] = {name: TOKENS[flow.fields[name].kind](self.tokens) for name in names}
        return Deed(op=op, system=system, flow=flow.name, who=who, fields=fields)

    def _pick(self, flow: FlowShape, *, lasting: bool | None = None) -> int:
        """A thing, 0 when there is none. What others refer to lasts: an orphan is no business of a hub's."""
        things = self.things.get(flow.name, [])
        if lasting is not None and self._is_parent(flow):
            things = [who for who in things if who % 2 == lasting]
        return self.chance.choice(things) if things else 0

    def _is_parent(self, flow: FlowShape) -> bool:
        return any(one.field.reference == flow.entity for other in self.shape.flows.values() for one in other.edited)

    def _add(self, flow: FlowShape, system: str, who: int) -> Deed:
        side = flow.sides[system]
        fields = {one.name: self._given(one, flow, first=True) for one in flow.edited if one.name in side.writable}
        return Deed(op="add", system=system, flow=flow.name, who=who, fields=fields)

    def _edit(self, swarm: Swarm) -> Deed:
        flow = self.chance.choice(list(self.shape.flows.values()))
        system = self.chance.choice(list(flow.sides))
        who = self.chance.choice(self.things[flow.name])
        known = [one for one in flow.edited if one.name in flow.sides[system].writable]
        chosen = self.chance.sample(known, min(len(known), self.chance.choice((1, 1, 2, 3))))
        groups = {one.field.group for one in chosen if one.field.group}
        others = [one for one in known if one.field.group in groups and one not in chosen]
        chosen += [one for one in others if self.chance.random() < 0.7]
        fields = {one.name: self._changed(one, flow, swarm) for one in chosen}
        return Deed(op="edit", system=system, flow=flow.name, who=who, fields=fields)

    def _changed(self, one: FieldShape, flow: FlowShape, swarm: Swarm) -> object:
        if one.kind in TOKENS and one.kind is Kind.TEXT:
            if self.chance.random() < swarm.empties:
                return self.chance.choice(("", None))
            if self.chance.random() < swarm.refused:
                return f"{self._given(one, flow, first=False)}{REFUSED}"
        return self._given(one, flow, first=False)

    def _given(self, one: FieldShape, flow: FlowShape, *, first: bool) -> object:
        del flow
        self.tokens += 1
        if one.kind in TOKENS:
            return TOKENS[one.kind](self.tokens)
        if one.kind is Kind.REFERENCE:
            parent = self.shape.of_entity(one.field.reference)
            return (self._pick(parent, lasting=True) if parent else 0) or None
        if one.kind is Kind.AMOUNT:
            return self.tokens  # of its own size, for two equal additions are one to the algorithm
        if one.kind is Kind.CHOICE:
            return self.chance.choice(one.choices)
        if self.chance.random() < 0.25 and not first:
            return {"drop": self.chance.randint(0, 3)}
        if one.kind is Kind.SET:
            return {"put": f"g{self.tokens}"}
        name = str(self.chance.randint(1, 4))
        inner = self.chance.sample(one.inner, min(len(one.inner), self.chance.choice((1, 2))))
        return {"put": [name, {part: f"l{self.tokens}{part[:1]}" for part in (one.inner if first else inner)}]}


def draw(shape: Shape, seed: int) -> Script:
    """The script of a seed, for a project's flows."""
    return Drawer(shape=shape, seed=seed).script()
