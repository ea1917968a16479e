"""What the three-way merge decides, case by case."""

import pytest

from syncline.merging import Observation, Shadow, Unit, Verdict, merge
from syncline.merging.merge import NO_SHADOW
from syncline.model.flow import Direction, Empties, Rule, RuleKind
from syncline.model.values import UNSET

OWNED = Unit(name="credit", positions=(0,), rule=Rule(kind=RuleKind.OWNER, owner="erp"))
LATEST = Unit(name="phone", positions=(0,), rule=Rule(kind=RuleKind.LATEST))
MANUAL = Unit(name="notes", positions=(0,), rule=Rule(kind=RuleKind.MANUAL))
LINES = Unit(name="lines", positions=(0,), rule=Rule(kind=RuleKind.LATEST), lines=True)


def seen(system, value, *, canon="a", gen=1, delta=None, **more):
    facts = {"owners_linked": frozenset({"crm", "erp"}), **more}
    return Observation(system=system, values={0: value}, canon=[canon], gens=[gen], delta=delta or {}, **facts)


def only(unit, observation, gen=9):
    result = merge([unit], observation, gen=gen)
    return result, [decision.verdict for decision in result.decisions]


def test_an_unchanged_value_is_no_news():
    result, verdicts = only(LATEST, seen("crm", "a"))

    assert verdicts == []
    assert result.delta == {}


def test_a_causal_edit_becomes_canon_and_the_former_value_is_what_the_others_carry():
    result, verdicts = only(LATEST, seen("crm", "b"))

    assert verdicts == [Verdict.ACCEPTED]
    assert result.canon == ["b"]
    assert result.lagging == {0: "a"}
    assert result.delta == {}


def test_an_edit_by_a_non_owner_is_rejected_and_kept_as_base_so_that_it_is_put_back():
    result, verdicts = only(OWNED, seen("crm", "b"))

    assert verdicts == [Verdict.REJECTED]
    assert result.canon == ["a"]
    assert result.delta[0] == Shadow("b", "b", 1)


def test_a_non_owner_fills_a_field_while_the_owner_holds_no_record():
    _, verdicts = only(OWNED, seen("crm", "b", owners_linked=frozenset({"crm"})))

    assert verdicts == [Verdict.ACCEPTED]


def test_our_own_write_that_comes_back_late_is_not_taken_for_an_edit():
    lagging = {0: Shadow("old", "old", 1)}
    result, verdicts = only(LATEST, seen("crm", "sent", canon="newer", gen=3, delta=lagging, pending={0: ("sent", 2)}))

    assert verdicts == [Verdict.OURS]
    assert result.canon == ["newer"]
    assert result.delta[0] == Shadow("sent", "sent", 2)


@pytest.mark.parametrize(("believed", "verdict"), [(True, Verdict.OURS), (False, Verdict.PRESUMED)])
def test_a_write_that_comes_back_normalised_is_ours_or_presumed_so_and_never_canon(believed, verdict):
    lagging = {0: Shadow("old", "old", 1)}
    known = {"believes": lambda _position, names: believed and "upper" in names}
    result, verdicts = only(LATEST, seen("crm", "SENT", canon="sent", delta=lagging, pending={0: ("sent", 2)}, **known))

    assert verdicts == [verdict]
    assert result.canon == ["sent"]
    assert result.delta[0].seen == "SENT"


def test_an_empty_value_in_a_field_that_was_not_looked_at_before_empties_nothing():
    result, verdicts = only(LATEST, seen("crm", "", canon="kept", delta={0: NO_SHADOW}))

    assert verdicts == [Verdict.REJECTED]
    assert result.canon == ["kept"]


def test_the_same_edit_on_both_sides_is_agreement():
    result, verdicts = only(LATEST, seen("crm", "new", canon="new", gen=3, delta={0: Shadow("old", "old", 1)}))

    assert verdicts == [Verdict.SAME]
    assert result.delta == {}


def test_a_normalised_echo_is_no_edit_and_never_reaches_canon():
    upper = {"normalise": lambda _position, value: value.upper() if isinstance(value, str) else value}
    result, verdicts = only(LATEST, seen("erp", "ABC", canon="abc", delta={0: Shadow("x", "X", 0)}, **upper))

    assert verdicts == [Verdict.SAME]
    assert result.canon == ["abc"]
    assert result.delta[0] == Shadow("abc", "ABC", 1)


@pytest.mark.parametrize(("later", "verdict", "canon"), [(True, Verdict.WON, "theirs"), (False, Verdict.LOST, "ours")])
def test_of_two_concurrent_edits_the_later_wins(later, verdict, canon):
    rival = {0: Shadow("base", "base", 1)}
    observation = seen("crm", "theirs", canon="ours", gen=2, delta=rival, wins=lambda _unit, _positions: later)

    result, verdicts = only(LATEST, observation)

    assert verdicts == [verdict]
    assert result.canon == [canon]


def test_a_manual_field_keeps_canon_and_asks():
    result, verdicts = only(MANUAL, seen("crm", "theirs", canon="ours", gen=2, delta={0: Shadow("base", "base", 1)}))

    assert verdicts == [Verdict.CONFLICT]
    assert result.canon == ["ours"]
    assert result.delta[0].seen == "theirs"


def test_a_causal_edit_of_a_manual_field_needs_nobody():
    _, verdicts = only(MANUAL, seen("crm", "b"))

    assert verdicts == [Verdict.ACCEPTED]


def test_an_absent_value_never_overwrites():
    result, verdicts = only(LATEST, seen("crm", UNSET))

    assert verdicts == []
    assert result.canon == ["a"]


@pytest.mark.parametrize("empty", [None, ""])
def test_keep_puts_a_cleared_value_back(empty):
    unit = Unit(name="phone", positions=(0,), rule=LATEST.rule, empties=Empties.KEEP)

    result, verdicts = only(unit, seen("crm", empty))

    assert verdicts == [Verdict.REJECTED]
    assert result.canon == ["a"]


@pytest.mark.parametrize("empty", [None, ""])
def test_clear_takes_a_cleared_value_for_an_edit(empty):
    result, verdicts = only(LATEST, seen("crm", empty))

    assert verdicts == [Verdict.ACCEPTED]
    assert result.canon == [empty]


def test_fill_only_fills_once():
    unit = Unit(name="since", positions=(0,), rule=LATEST.rule, empties=Empties.FILL_ONLY)

    _, first = only(unit, seen("crm", "2020", canon=None))
    _, second = only(unit, seen("crm", "2021", canon="2020"))

    assert first == [Verdict.ACCEPTED]
    assert second == [Verdict.REJECTED]


def test_a_system_that_is_only_written_to_cannot_edit():
    _, verdicts = only(LATEST, seen("crm", "b", direction=Direction.TO))

    assert verdicts == [Verdict.REJECTED]


def test_a_group_moves_as_one():
    unit = Unit(name="address", positions=(0, 1), rule=Rule(kind=RuleKind.LATEST))
    observation = Observation(
        system="crm", values={0: "New Street", 1: "Lyon"}, canon=["Rue 1", "Metz"], gens=[2, 2],
        delta={0: Shadow("Old", "Old", 1), 1: Shadow("Lyon", "Lyon", 1)}, wins=lambda _u, _p: False,
    )  # fmt: skip

    result = merge([unit], observation, gen=9)

    assert [decision.verdict for decision in result.decisions] == [Verdict.LOST]
    assert result.canon == ["Rue 1", "Metz"]


def test_added_amounts_of_both_sides_stand():
    unit = Unit(name="stock", positions=(0,), rule=Rule(kind=RuleKind.ADD))

    result, verdicts = only(unit, seen("crm", "12", canon="7.5", gen=2, delta={0: Shadow("10", "10", 1)}))

    assert verdicts == [Verdict.MERGED]
    assert result.canon == ["9.5"]


@pytest.mark.parametrize("sent", ["7.5", "8"])
def test_an_amount_that_was_added_to_nobody_knows_which_value_is_asked_about(sent):
    unit = Unit(name="stock", positions=(0,), rule=Rule(kind=RuleKind.ADD))
    doubt = {"canon": "7.5", "gen": 2, "delta": {0: Shadow("10", "10", 1)}, "pending": {0: (sent, 2)}}

    result, verdicts = only(unit, seen("crm", "12", **doubt))

    assert verdicts == [Verdict.CONFLICT]
    assert result.canon == ["7.5"]


def test_joined_sets_keep_what_either_added_and_drop_what_either_removed():
    unit = Unit(name="tags", positions=(0,), rule=Rule(kind=RuleKind.UNION))
    rival = {0: Shadow(["a", "b"], ["a", "b"], 1)}

    result, verdicts = only(unit, seen("crm", ["a", "b", "c"], canon=["b", "d"], gen=2, delta=rival))

    assert verdicts == [Verdict.MERGED]
    assert result.canon == [["b", "c", "d"]]


def test_edits_of_different_lines_both_stand():
    base = {"1": {"qty": "1", "price": "9"}, "2": {"qty": "5"}}
    ours = {"1": {"qty": "1", "price": "8"}, "2": {"qty": "5"}}
    theirs = {"1": {"qty": "3", "price": "9"}, "2": {"qty": "5"}, "3": {"qty": "2"}}

    result, verdicts = only(LINES, seen("crm", theirs, canon=ours, gen=2, delta={0: Shadow(base, base, 1)}))

    assert verdicts == [Verdict.MERGED]
    assert result.canon == [{"1": {"qty": "3", "price": "8"}, "2": {"qty": "5"}, "3": {"qty": "2"}}]


def test_a_removed_line_that_was_edited_elsewhere_is_settled_by_the_rule():
    base = {"1": {"qty": "1"}}
    observation = seen("crm", {}, canon={"1": {"qty": "2"}}, gen=2, delta={0: Shadow(base, base, 1)})

    result, verdicts = only(LINES, observation)

    assert verdicts == [Verdict.LOST]
    assert result.canon == [{"1": {"qty": "2"}}]


def test_a_truncated_line_text_does_not_leak_when_another_field_of_the_line_is_edited():
    canon = {"1": {"text": "a long description", "qty": "1"}}
    shown = {"1": {"text": "a long", "qty": "2"}}
    delta = {0: Shadow(canon, {"1": {"text": "a long", "qty": "1"}}, 1)}

    result, verdicts = only(LINES, seen("erp", shown, canon=canon, delta=delta))

    assert verdicts == [Verdict.ACCEPTED]
    assert result.canon == [{"1": {"text": "a long description", "qty": "2"}}]


def test_first_sight_of_an_equal_record_is_agreement():
    result, verdicts = only(LATEST, seen("erp", "a", delta={0: Shadow(UNSET, UNSET, 0)}, first_sight=True))

    assert verdicts == [Verdict.SAME]
    assert result.delta == {}


def test_first_sight_fills_what_canon_lacks():
    result, verdicts = only(LATEST, seen("erp", "b", canon=UNSET, gen=0, first_sight=True))

    assert verdicts == [Verdict.ACCEPTED]
    assert result.canon == ["b"]


@pytest.mark.parametrize("rule", [RuleKind.LATEST, RuleKind.OWNER, RuleKind.OWNER_UNLESS_EMPTY])
def test_at_first_sight_an_empty_canon_never_blanks_a_value_that_empties_may_not_replace(rule):
    owner = "" if rule is RuleKind.LATEST else "crm"
    unit = Unit(name="phone", positions=(0,), rule=Rule(kind=rule, owner=owner), empties=Empties.KEEP)
    result, _ = only(unit, seen("erp", "b", canon=None, first_sight=True))

    assert result.canon == ["b"]


def test_owner_unless_empty_is_filled_at_first_sight_by_the_other_side():
    unit = Unit(name="tax_id", positions=(0,), rule=Rule(kind=RuleKind.OWNER_UNLESS_EMPTY, owner="crm"))
    result, verdicts = only(unit, seen("erp", "b", canon=None, first_sight=True))

    assert verdicts == [Verdict.WON]
    assert result.canon == ["b"]


@pytest.mark.parametrize("nothing", [None, "", UNSET])
def test_amounts_that_both_sides_add_to_nothing_stand(nothing):
    unit = Unit(name="stock", positions=(0,), rule=Rule(kind=RuleKind.ADD))

    result, verdicts = only(unit, seen("crm", "11", canon="7", gen=2, delta={0: Shadow(nothing, nothing, 1)}))

    assert verdicts == [Verdict.MERGED]
    assert result.canon == ["18"]


def test_amounts_of_a_field_that_was_not_looked_at_before_are_no_additions():
    unit = Unit(name="stock", positions=(0,), rule=Rule(kind=RuleKind.ADD))

    result, _ = only(unit, seen("crm", "11", canon="7", gen=2, delta={0: NO_SHADOW}))

    assert result.canon == ["7"]
