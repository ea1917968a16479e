"""What holds of merging and planning together: any order of arrival ends in one value, soon, once, and in one piece.

The systems here are values and clocks; what decides are the functions that decide in the engine.
"""

from dataclasses import dataclass, field
from itertools import permutations

from hypothesis import assume, given
from hypothesis import strategies as st

from syncline.engine.plan import wanted
from syncline.merging import Observation, Shadow, Unit, merge, normalise
from syncline.model.flow import Empties, Rule, RuleKind

SYSTEMS = ("crm", "erp", "shop")
ROUNDS = 200
AMOUNT = st.integers(-50, 50).map(str)
WORD = st.one_of(st.none(), st.just(""), st.text("abAB ", min_size=1, max_size=4))
MEMBERS = st.lists(st.sampled_from("abcd"), unique=True).map(sorted)
VALUES = {RuleKind.UNION: MEMBERS, RuleKind.LATEST: WORD, RuleKind.OWNER: WORD}


@dataclass
class System:
    """What one system holds and what is known of it."""

    shown: dict
    stamp: tuple = (0, 0)  #: when somebody last edited it, and the rank of the system
    delta: dict = field(default_factory=dict)
    normaliser: str = ""

    def stores(self, value):
        return normalise(self.normaliser, value) if self.normaliser else value


@dataclass
class Hub:
    """One entity with what engine and store do between two decisions."""

    units: list
    canon: list
    systems: dict
    gens: list = field(init=False)
    stamp: tuple = (0, 0)
    gen: int = 1
    decided: int = 0
    frozen: set = field(default_factory=set)

    def __post_init__(self):
        self.gens = [1] * len(self.canon)
        for system in self.systems.values():
            system.delta = {
                p: Shadow(value, system.shown[p], 1) for p, value in enumerate(self.canon) if system.shown[p] != value
            }

    def read(self, name):
        system = self.systems[name]
        self.gen += 1
        made = merge(self.units, Observation(
            system=name, values=dict(system.shown), canon=list(self.canon), gens=list(self.gens), delta=system.delta,
            owners_linked=frozenset(SYSTEMS), normalise=lambda _p, value: system.stores(value),
            wins=lambda _unit, _positions: system.stamp > self.stamp,
        ), gen=self.gen)  # fmt: skip
        self.decided += len(made.decisions)
        system.delta = made.delta
        for position, before in made.lagging.items():
            for other in self.systems.values():
                if other is not system and position not in other.delta:
                    other.delta[position] = Shadow(before, before, self.gens[position])
        if made.lagging:
            self.stamp = max(self.stamp, system.stamp)
        self.canon = list(made.canon)
        for position in made.lagging:
            self.gens[position] = self.gen
        self.frozen |= {d.unit.name for d in made.decisions if d.verdict == "conflict"}
        return made.decisions

    def write(self, name):
        system = self.systems[name]
        change = wanted(self.units, self.canon, system.delta, writable=set(range(len(self.canon))), frozen=self.frozen)
        for position, value in change.items():
            system.shown[position] = system.stores(value)
            system.delta[position] = Shadow(value, system.shown[position], self.gens[position])
        return change

    def settle(self, order):
        """Rounds until nothing is decided and nothing is written any more."""
        for number in range(1, ROUNDS + 1):
            news = [decision for name in order for decision in self.read(name)]
            written = [name for name in order if self.write(name)]
            if not news and not written:
                return number
        return 0


def hub_of(rule, base, edits, *, normalisers=()):
    """Everybody agreed on `base`; then each system's people wrote their own."""
    unit = Unit(name="f", positions=tuple(range(len(base))), rule=rule)
    systems = {}
    for name in SYSTEMS:
        system = systems[name] = System(shown={}, normaliser=dict(normalisers).get(name, ""))
        system.shown = {p: system.stores(one) for p, one in enumerate(base)}
    hub = Hub(units=[unit], canon=list(base), systems=systems)
    for rank, (name, (value, at)) in enumerate(zip(SYSTEMS, edits, strict=True)):
        if value is not None:
            systems[name].shown = {p: systems[name].stores(one) for p, one in enumerate(value)}
            systems[name].stamp = (at, rank)
    return hub


def edits_of(values):
    """Of each system: nothing, or its new values and when they were entered."""
    return st.tuples(*[st.tuples(st.one_of(st.none(), values), st.integers(1, 9)) for _ in SYSTEMS])


@st.composite
def stories(draw):
    """A rule, what everybody agreed on, and edits of values unlike each other.

    Where two systems come to the same value, only the first of them to be read lends it its instant.
    """
    kind = draw(st.sampled_from(list(VALUES)))
    value = st.tuples(VALUES[kind])
    edits = draw(edits_of(value))
    values = [value for value, _ in edits if value is not None]
    assume(kind is RuleKind.UNION or len(set(values)) == len(values))
    return Rule(kind=kind, owner="erp" if kind is RuleKind.OWNER else ""), draw(value), edits


@given(story=stories())
def test_any_order_of_arrival_ends_in_the_same_values(story):
    rule, base, edits = story
    ends = []
    for order in permutations(SYSTEMS):
        hub = hub_of(rule, base, edits)
        assert hub.settle(order)
        ends.append((hub.canon, [system.shown for system in hub.systems.values()]))

    assert all(end == ends[0] for end in ends)


@given(story=stories(), order=st.permutations(SYSTEMS), normaliser=st.sampled_from(["", "upper", "trim", "null-empty"]))
def test_everybody_agrees_within_the_bound_and_then_nothing_is_decided_or_written(story, order, normaliser):
    rule, base, edits = story
    assume(rule.kind is not RuleKind.UNION)
    hub = hub_of(rule, base, edits, normalisers=[("shop", normaliser)])

    assert hub.settle(order)

    decided = hub.decided
    assert hub.settle(order) == 1
    assert hub.decided == decided
    assert all(s.shown == {p: s.stores(v) for p, v in enumerate(hub.canon)} for s in hub.systems.values())


PAIR = st.tuples(st.text("ab", min_size=1, max_size=2), st.text("xy", min_size=1, max_size=2))
GROUP_RULE = st.sampled_from([
    Rule(kind=RuleKind.LATEST), Rule(kind=RuleKind.MANUAL), Rule(kind=RuleKind.OWNER, owner="erp"),
    Rule(kind=RuleKind.OWNER_UNLESS_EMPTY, owner="erp"),
])  # fmt: skip


@given(rule=GROUP_RULE, base=PAIR, edits=edits_of(PAIR), order=st.permutations(SYSTEMS))
def test_an_atomic_group_is_always_as_one_person_entered_it(rule, base, edits, order):
    hub = hub_of(rule, base, edits)
    entered = {base, *(value for value, _ in edits if value)}

    for name in (*order, *order):
        hub.read(name)
        assert tuple(hub.canon) in entered
        for other in order:
            hub.write(other)
            assert tuple(hub.systems[other].shown.values()) in entered
    assert hub.settle(order)


@given(base=AMOUNT, added=st.tuples(*[st.integers(1, 9)] * 3), signs=st.tuples(*[st.sampled_from([-1, 1])] * 3))
def test_what_everybody_adds_adds_up_in_any_order(base, added, signs):
    """Each by amounts of its own size: two that come to the same number are one change to the algorithm."""
    amounts = [sign * one * 1000**rank for rank, (one, sign) in enumerate(zip(added, signs, strict=True))]
    edits = [((str(int(base) + one),), 1) for one in amounts]
    for order in permutations(SYSTEMS):
        hub = hub_of(Rule(kind=RuleKind.ADD), (base,), edits)

        assert hub.settle(order)
        assert int(hub.canon[0]) == int(base) + sum(amounts)


@given(base=WORD, edits=edits_of(st.tuples(WORD)), order=st.permutations(SYSTEMS))
def test_under_keep_an_empty_value_never_replaces_a_value(base, edits, order):
    hub = hub_of(Rule(kind=RuleKind.LATEST), (base,), edits)
    hub.units = [Unit(name="f", positions=(0,), rule=Rule(kind=RuleKind.LATEST), empties=Empties.KEEP)]

    assert hub.settle(order)
    if base:
        assert hub.canon[0]
