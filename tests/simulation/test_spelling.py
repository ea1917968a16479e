"""What applications make of values: to the hub, a normaliser is no edit, whether or not its contract tells of it."""

import msgspec
import pytest

from syncline.model.values import Value
from syncline.simulation.history import play
from syncline.simulation.invariants import violations
from syncline.simulation.script import Deed, Habits, Passing
from syncline.simulation.shape import reference
from syncline.simulation.spelling import ZONE, spelled
from tests.simulation.test_oracle import SCRIPT, text

DUE = "2026-03-01T08:30:00Z"
GIVEN = [
    Deed(op="add", system="crm", flow="customers", who=1, fields={"phone": text(12), "credit": "11.15"}),
    Deed(op="add", system="crm", flow="orders", who=3, fields={"customer": 1, "due": DUE}),
]


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("html", "t1 Aé", "t1 A&#233;"), ("html", "t1 A&#233;", "t1 A&#233;"), ("phone", text(12), "00125"),
        ("round:1", "11.25", "11.3"), ("round-half-even:1", "11.25", "11.2"), ("html", None, None),
    ],
)  # fmt: skip
def test_values_are_kept_otherwise(kind: str, value: Value, shown: Value):
    assert spelled(kind, value) == shown


@pytest.mark.parametrize(
    ("name", "kind"),
    [("phone", "html"), ("phone", "phone"), ("credit", "round:1"), ("credit", "round-half-even:1"), ("due", ZONE)],
)
@pytest.mark.parametrize("declared", [True, False])
def test_all_agree_about_a_value_that_one_of_them_keeps_otherwise(name: str, kind: str, *, declared: bool):
    changing = Habits(normalisers={name: kind}, declared=declared)
    systems = {**SCRIPT.systems, "crm": changing} if name == "due" else {**SCRIPT.systems, "erp": changing}
    passes = [Passing(wait=100.0, full=True) for _ in range(5)]

    history = play(msgspec.structs.replace(SCRIPT, systems=systems, before=GIVEN, passes=passes), reference())

    assert violations(history)[0] == []
    assert history.world.doors["erp"].contract("partners").normalisers == (
        {name: kind} if declared and kind not in ("html", ZONE) else {}
    )
    history.world.close()


def test_an_instant_loses_the_letter_of_its_zone():
    systems = {**SCRIPT.systems, "crm": Habits(normalisers={"due": ZONE})}

    history = play(msgspec.structs.replace(SCRIPT, systems=systems, before=GIVEN), reference())

    deal = next(history.world.apps["crm"].live("deals"))
    assert (deal.last.fields or {})["due"] == DUE.removesuffix("Z")
    assert history.world.people.find("shop", "orders", 3).last.fields["due_at"] == DUE
    history.world.close()
