"""The invariants of agreement, each a function of a played history: what the product promises, and nothing less."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from syncline.simulation.history import History
from syncline.simulation.invariants import conditions, edits, records, rules, told, writes
from syncline.simulation.invariants.crashes import crashes_leave_no_trace
from syncline.simulation.invariants.facts import Facts

Check = Callable[[Facts], Iterator[str]]


class Violation(NamedTuple):
    """One thing that must never happen."""

    invariant: str
    what: str


#: What holds at every instant.
SAFETY: Mapping[str, tuple[Check, ...]] = {
    "I1 no edit lost": (edits.no_edit_lost,),
    "I2 no duplicate": (records.one_record_each,),
    "I5 ownership": (edits.owners_prevail, edits.one_way_is_kept, rules.empties_are_kept),
    "I6 cursors": (writes.cursors_go_forward,),
    "I7 causes": (writes.writes_have_causes, writes.parked_were_refused, told.forgeries_do_no_harm),
    "I8 staleness": (writes.nobody_is_left_out, told.hints_are_followed),
    "I9 deletes": (records.deletes_are_people_s, records.none_returns),
    "I11 no leak of normalisation": (writes.values_were_entered, rules.empties_were_entered),
    "I12 bounds": (writes.bounds_are_kept, conditions.none_is_created_early),
    "I13 order": (writes.order_is_kept,),
    "I15 pauses": (writes.pauses_are_kept,),
    "I16 groups": (edits.groups_are_whole,),
    "I18 privacy": (writes.values_stay_inside,),
}
#: What holds once people and faults have rested.
REST: Mapping[str, tuple[Check, ...]] = {
    "I1 no edit lost": (edits.amounts_add_up, edits.sets_hold),
    "I3 convergence": (records.all_agree, conditions.all_that_meet_it_are_created),
    "I4 no echo": (writes.nothing_echoes,),
    "I8 staleness": (writes.edits_arrive,),
    "I9 deletes": (records.deletes_stand,),
    "I10 conflicts": (
        edits.clashes_are_told,
        rules.frozen_fields_wait,
        rules.conflicts_are_real,
        rules.the_later_prevails,
    ),
    "I14 references": (records.parents_agree,),
    "I17 crashes": (crashes_leave_no_trace,),
}


def violations(history: History) -> tuple[list[Violation], Facts]:
    """Everything that a history has broken."""
    facts = Facts(history)
    if history.failed:
        return [Violation("I7 causes", f"the hub failed: {history.failed}")], facts
    found = list(_asked(SAFETY, facts))
    if history.script.mode == "liveness":
        unsettled = [] if history.settled else list(_asked({"I8 staleness": REST["I8 staleness"]}, facts))
        found += unsettled or _asked(REST, facts)
    return found, facts


def _asked(checks: Mapping[str, tuple[Check, ...]], facts: Facts) -> Iterator[Violation]:
    for name, functions in checks.items():
        for check in functions:
            yield from (Violation(name, what) for what in check(facts))
