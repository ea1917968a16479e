"""What people do to whole records: two of one, another name, one of two, the same in two places at once."""

from collections.abc import Sequence

import msgspec

from syncline.simulation.campaign import judge
from syncline.simulation.drawing import draw
from syncline.simulation.history import History, play
from syncline.simulation.invariants import violations
from syncline.simulation.script import Deed, Passing
from syncline.simulation.shape import reference
from tests.simulation.test_oracle import BEFORE, CALM, CUSTOMER, SCRIPT, kept, text

ALL = ("crm", "erp", "shop")


def played(*deeds: Deed, before: Sequence[Deed] = ()) -> History:
    passes = [*CALM, Passing(wait=100.0, full=True, deeds=[(10_000, one) for one in deeds]), *CALM]
    history = play(msgspec.structs.replace(SCRIPT, before=[*BEFORE, *before], passes=passes), reference())
    assert violations(history)[0] == []
    assert history.world.people.deeds == len(BEFORE) + len(before) + len(deeds)
    return history


def held(history: History, system: str, who: int, flow: str = "customers") -> dict[str, object]:
    record = kept(history.world, system, flow, who)
    return dict(history.world.apps[system].values(record, record.last))


def test_a_split_makes_a_second_record_everywhere():
    history = played(Deed(op="split", system="erp", flow="customers", who=1, other=8))

    for system in ALL:
        first, second = held(history, system, 1), held(history, system, 8)
        assert (first.pop("tax"), second.pop("tax")) == (text(1), text(8))
        assert second["phone"] == first["phone"] == CUSTOMER["phone"]
    history.world.close()


def test_a_record_is_called_by_another_name_everywhere_and_keeps_it():
    history = played(
        Deed(op="rename", system="shop", flow="customers", who=1, fields={"tax": text(9)}),
        Deed(op="edit", system="erp", flow="customers", who=1, fields={"note": text(10)}),
    )

    assert {system: held(history, system, 1)["tax"] for system in ALL} == dict.fromkeys(ALL, text(9))
    assert len(list(history.world.apps["crm"].live("customers"))) == 2
    history.world.close()


def test_the_children_of_a_record_that_was_merged_away_follow_it():
    history = played(Deed(op="merge", system="crm", flow="customers", who=1, other=2))

    assert held(history, "crm", 3, "orders")["customer"] == kept(history.world, "crm", who=2).key
    for system in ALL:
        parent = held(history, system, 3, "orders")["customer"]
        assert parent in {one.key for _, one in history.world.apps[system].records() if one.last.fields is not None}
    history.world.close()


def test_a_thing_that_is_entered_twice_at_once_is_one():
    history = played(
        Deed(op="add", system="crm", flow="customers", who=7, fields={"phone": text(71)}),
        Deed(op="add", system="erp", flow="customers", who=7, fields={"note": text(72)}),
    )

    for system in ALL:
        assert held(history, system, 7)["phone"] == text(71)
        assert (
            len(list(history.world.apps[system].live({"crm": "customers", "erp": "partners"}.get(system, "accounts"))))
            == 3
        )
    history.world.close()


def test_deeds_of_every_kind_are_really_done():
    ops = ("add", "edit", "save", "remove", "merge", "split", "rename", "touch", "roll-back")
    missing = {f"deed {op}" for op in ops}

    for seed in range(400):
        missing -= judge(draw(reference(), seed), reference()).counts.keys()
        if not missing:
            break

    assert missing == set()
