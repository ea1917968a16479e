"""The states that a document of Tryton passes through, and the buttons between them. Data, and one step of it.

A state is never written: Tryton's own buttons check what a state asks for, number the document, and make what follows.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.errors import RejectedError

_ANY = "*"  #: every field


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How documents of one resource go from state to state."""

    what: str  #: what people call one
    states: tuple[str, ...]  #: the usual way, from the beginning to the end
    buttons: Mapping[str, Mapping[str, str]]  #: state -> button -> the state that it leads to
    ended: frozenset[str] = frozenset()  #: states off the way: only back to the beginning
    last: str = ""  #: the last state that may be asked for; the states after it Tryton reaches by itself
    hints: Mapping[str, str] = {}  #: state -> what a person does to reach it, where the hub cannot
    free: Mapping[str, frozenset[str]] = {}  #: state -> fields that may be written there; otherwise none
    archived: str = "cancelled"

    def may_write(self, state: str, name: str) -> bool:
        """May this field, or the lists ("lines"), be written in this state?"""
        allowed = self.free.get(state, frozenset())
        return name in allowed or (_ANY in allowed and f"-{name}" not in allowed)

    def wished(self) -> tuple[str, ...]:
        """The states that may be asked for."""
        upto = self.states.index(self.last) + 1 if self.last else len(self.states)
        reached = {state for led in self.buttons.values() for state in led.values()}
        return tuple(state for state in (*self.states[:upto], *sorted(self.ended)) if state in reached)


def button_towards(way: Way, state: str, wish: str) -> str:
    """The next button on the way from a state to another; "" when nothing is left to do.

    A state that is passed already is reached, but for the beginning: people put a document back on purpose.
    """
    if state == wish:
        return ""
    if wish not in way.wished():
        what = f"{way.what} is not put into the state {wish!r} from outside."
        raise RejectedError(what, cure=way.hints.get(wish, "Correct the mapping."))
    first = next(each for each in way.states if each in way.wished())
    if state in way.ended and wish != first:
        what = f"{way.what} is {state}."
        raise RejectedError(what, cure="Put it back in Tryton, or make another one.")
    if wish != first and _is_passed(way, state, wish):
        return ""
    path = _path(way, state, wish)
    if not path:
        what = f"{way.what} in the state {state!r} is not put into the state {wish!r} any more."
        raise RejectedError(what, cure="Do in Tryton what it takes.")
    return path[0]


def _is_passed(way: Way, state: str, wish: str) -> bool:
    on_way = state in way.states and wish in way.states
    return on_way and way.states.index(state) > way.states.index(wish)


def _path(way: Way, state: str, wish: str) -> tuple[str, ...]:
    """The fewest buttons that lead from one state to another; nothing where none do."""
    seen, reached = {state}, [(state, ())]  # type: tuple[set[str], list[tuple[str, tuple[str, ...]]]]
    while reached:
        at, pressed = reached.pop(0)
        for button, then in way.buttons.get(at, {}).items():
            if then == wish:
                return (*pressed, button)
            if then not in seen:
                seen.add(then)
                reached.append((then, (*pressed, button)))
    return ()


_ORDER_STATES = ("draft", "quotation", "confirmed", "processing", "done")
_ORDER_BUTTONS = {
    "draft": {"quote": "quotation", "cancel": "cancelled"},
    "quotation": {"confirm": "confirmed", "cancel": "cancelled", "draft": "draft"},
    "confirmed": {"process": "processing", "draft": "draft"},
    "cancelled": {"draft": "draft"},
}
_ALL = frozenset({_ANY})
_ALWAYS = frozenset({"reference", "comment"})

SALE_WAY = Way(
    what="The sale",
    states=_ORDER_STATES,
    buttons=_ORDER_BUTTONS,
    ended=frozenset({"cancelled"}),
    last="processing",
    # Tryton would take more, and ship and invoice the difference a second time
    free={
        "draft": _ALL, "quotation": _ALWAYS | {"sale_date"}, "confirmed": _ALWAYS, "processing": _ALWAYS,
        "done": _ALWAYS, "cancelled": _ALWAYS,
    },
)  # fmt: skip

PURCHASE_WAY = Way(
    what="The purchase",
    states=_ORDER_STATES,
    buttons=_ORDER_BUTTONS,
    ended=frozenset({"cancelled"}),
    last="processing",
    hints={"done": "Receive the goods and pay the invoice in Tryton."},
    free={
        "draft": _ALL, "quotation": _ALWAYS | {"purchase_date", "delivery_date", "payment_term"},
        "confirmed": _ALWAYS | {"delivery_date"}, "processing": _ALWAYS, "done": _ALWAYS, "cancelled": _ALWAYS,
    },
)  # fmt: skip

OPPORTUNITY_WAY = Way(
    what="The opportunity",
    states=("lead", "opportunity", "converted", "won"),
    buttons={
        "lead": {"opportunity": "opportunity", "lost": "lost", "cancel": "cancelled"},
        "opportunity": {"convert": "converted", "lost": "lost", "cancel": "cancelled", "lead": "lead"},
        "lost": {"lead": "lead"},
        "cancelled": {"lead": "lead"},
    },
    ended=frozenset({"lost", "cancelled"}),
    last="converted",
    hints={"won": "Confirm the sale that was made from it in Tryton."},
    free={
        "lead": _ALL, "opportunity": frozenset({_ANY, "-currency", "-start_date"}),
        "converted": frozenset({"reference", "conversion_probability"}), "won": frozenset({"reference"}),
        "lost": frozenset({"reference", "lost_reason"}), "cancelled": frozenset({"reference"}),
    },
)  # fmt: skip

_PRODUCTION_ALWAYS = frozenset({"reference"})

PRODUCTION_WAY = Way(
    what="The production",
    states=("request", "draft", "waiting", "assigned", "running", "done"),
    buttons={
        "request": {"draft": "draft", "cancel": "cancelled"},
        "draft": {"wait": "waiting", "cancel": "cancelled"},
        "waiting": {"assign_try": "assigned", "draft": "draft", "cancel": "cancelled"},
        "assigned": {"run": "running", "wait": "waiting", "cancel": "cancelled"},
        "running": {"do": "done"},
        "cancelled": {"draft": "draft"},
    },
    ended=frozenset({"cancelled"}),
    free={
        "request": _ALL, "draft": _ALL, "waiting": _PRODUCTION_ALWAYS | {"planned_date"},
        "assigned": _PRODUCTION_ALWAYS | {"planned_date"}, "running": _PRODUCTION_ALWAYS | {"planned_date"},
        "done": _PRODUCTION_ALWAYS, "cancelled": _PRODUCTION_ALWAYS,
    },
)  # fmt: skip

_SHIPMENT_ALWAYS = frozenset({"reference", "tracking_number"})
_SHIPMENT_EARLY = _SHIPMENT_ALWAYS | {"planned_date"}

SHIPMENT_OUT_WAY = Way(
    what="The shipment",
    states=("draft", "waiting", "assigned", "picked", "packed", "shipped", "done"),
    buttons={
        "draft": {"wait": "waiting", "cancel": "cancelled"},
        "waiting": {"assign_try": "assigned", "draft": "draft", "cancel": "cancelled"},
        "assigned": {"pick": "picked", "cancel": "cancelled"},
        "picked": {"pack": "packed", "cancel": "cancelled"},
        "packed": {"ship": "shipped", "do": "done", "cancel": "cancelled"},
        "shipped": {"do": "done", "cancel": "cancelled"},
        "cancelled": {"draft": "draft"},
    },
    ended=frozenset({"cancelled"}),
    free={
        "draft": _SHIPMENT_EARLY, "waiting": _SHIPMENT_EARLY, "assigned": _SHIPMENT_EARLY, "picked": _SHIPMENT_EARLY,
        "packed": _SHIPMENT_EARLY, "shipped": _SHIPMENT_ALWAYS, "done": _SHIPMENT_ALWAYS, "cancelled": frozenset(),
    },
)  # fmt: skip

SHIPMENT_IN_WAY = Way(
    what="The shipment",
    states=("draft", "received", "done"),
    buttons={
        "draft": {"receive": "received", "cancel": "cancelled"},
        "received": {"do": "done", "cancel": "cancelled"},
        "cancelled": {"draft": "draft"},
    },
    ended=frozenset({"cancelled"}),
    free={
        "draft": frozenset({"reference", "planned_date"}), "received": frozenset({"reference"}),
        "done": frozenset({"reference"}), "cancelled": frozenset(),
    },
)  # fmt: skip

WAYS: Mapping[str, Way] = {
    "sale.sale": SALE_WAY,
    "sale.opportunity": OPPORTUNITY_WAY,
    "purchase.purchase": PURCHASE_WAY,
    "production": PRODUCTION_WAY,
    "stock.shipment.out": SHIPMENT_OUT_WAY,
    "stock.shipment.in": SHIPMENT_IN_WAY,
}
