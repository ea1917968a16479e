"""Which button comes next: every way ends, nothing goes back by accident, what Tryton alone does is not asked for."""

import pytest

from syncline.connectors.systems.tryton.resources import RESOURCES
from syncline.connectors.systems.tryton.ways import (
    OPPORTUNITY_WAY,
    PRODUCTION_WAY,
    PURCHASE_WAY,
    SALE_WAY,
    SHIPMENT_OUT_WAY,
    WAYS,
    button_towards,
)
from syncline.errors import RejectedError


def pressed(way, state, wish):
    """The buttons until the state is reached, if each leads where it says."""
    buttons = []
    while button := button_towards(way, state, wish):
        buttons.append(button)
        state = way.buttons[state][button]
    assert state == wish or way.states.index(state) > way.states.index(wish)
    return buttons


@pytest.mark.parametrize(
    ("way", "state", "wish", "buttons"),
    [
        (SALE_WAY, "draft", "processing", ["quote", "confirm", "process"]),
        (SALE_WAY, "confirmed", "cancelled", ["draft", "cancel"]),
        (SALE_WAY, "done", "quotation", []),
        (PURCHASE_WAY, "cancelled", "draft", ["draft"]),
        (OPPORTUNITY_WAY, "lead", "converted", ["opportunity", "convert"]),
        (OPPORTUNITY_WAY, "won", "converted", []),
        (OPPORTUNITY_WAY, "lost", "lead", ["lead"]),
        (PRODUCTION_WAY, "request", "done", ["draft", "wait", "assign_try", "run", "do"]),
        (PRODUCTION_WAY, "assigned", "cancelled", ["cancel"]),
        (PRODUCTION_WAY, "cancelled", "draft", ["draft"]),
        (SHIPMENT_OUT_WAY, "assigned", "done", ["pick", "pack", "do"]),
    ],
)
def test_buttons_lead_to_the_state_that_is_wished(way, state, wish, buttons):
    assert pressed(way, state, wish) == buttons


@pytest.mark.parametrize(
    ("way", "state", "wish", "told"),
    [
        (SALE_WAY, "draft", "done", "not put into the state 'done' from outside"),
        (SALE_WAY, "cancelled", "confirmed", "The sale is cancelled"),
        (SALE_WAY, "processing", "cancelled", "in the state 'processing' is not put"),
        (SALE_WAY, "draft", "shipped", "not put into the state 'shipped'"),
        (OPPORTUNITY_WAY, "converted", "won", "Confirm the sale"),
        (OPPORTUNITY_WAY, "converted", "lost", "any more"),
        (PRODUCTION_WAY, "draft", "request", "'request'"),
        (PRODUCTION_WAY, "done", "cancelled", "'cancelled' any more"),
    ],
)
def test_a_state_that_no_button_leads_to_is_refused(way, state, wish, told):
    with pytest.raises(RejectedError, match=told.replace("(", r"\(")):
        button_towards(way, state, wish)


@pytest.mark.parametrize("name", WAYS)
def test_from_every_state_every_wish_ends_in_steps_or_in_a_refusal(name):
    way = WAYS[name]
    for state in {*way.states, *way.ended}:
        for wish in way.wished():
            try:
                buttons = pressed(way, state, wish)
            except RejectedError:
                continue
            assert len(buttons) <= len(way.states)


@pytest.mark.parametrize("name", WAYS)
def test_every_state_says_what_may_be_written_and_names_only_fields_that_are_there(name):
    way, resource = WAYS[name], RESOURCES[name]
    written = {each.name for each in resource.fields if each.written} | {"lines"}

    named = {field.removeprefix("-") for fields in way.free.values() for field in fields} - {"*"}

    assert set(way.free) <= {*way.states, *way.ended}
    assert named <= written
    assert "state" not in named


def test_an_opportunity_keeps_currency_and_start_once_it_is_more_than_a_lead():
    assert OPPORTUNITY_WAY.may_write("lead", "currency")
    assert not OPPORTUNITY_WAY.may_write("opportunity", "currency")
    assert OPPORTUNITY_WAY.may_write("opportunity", "amount")
    assert not OPPORTUNITY_WAY.may_write("lost", "amount")
