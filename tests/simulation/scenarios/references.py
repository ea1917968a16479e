"""Records that need each other: orders and their customers, lines, and two that refer to each other in a circle."""

from tests.simulation.scenarios.words import (
    ANN,
    BEN,
    EVE,
    KNOWN,
    Scenario,
    add,
    circle,
    edit,
    remove,
    story,
    text,
    wrong,
)

BOTH = ("customers", "orders")
ORDER = 9
LINE = {"put": ["1", {"qty": "2", "text": "nut"}]}
ORDERED = (*KNOWN, add("crm", ORDER, "orders", customer=ANN, status=text(91), lines=LINE))

REFERENCES: tuple[Scenario, ...] = (
    story(
        "an order with its new customer",
        add("crm", EVE, name=text(31)),
        add("crm", ORDER, "orders", customer=EVE, status=text(91), lines=LINE),
        flows=BOTH,
    ),
    story(
        "an order whose new customer is in doubt",
        add("crm", EVE, name=text(31)),
        add("crm", ORDER, "orders", customer=EVE, status=text(91)),
        flows=BOTH,
        faults=(wrong("timeout-after", "erp write"),),
    ),
    story("an order gets another customer", edit("crm", ORDER, "orders", customer=BEN), known=ORDERED, flows=BOTH),
    story(
        "lines are changed on both sides",
        edit("crm", ORDER, "orders", lines={"put": ["2", {"qty": "4", "text": "bolt"}]}),
        edit("erp", ORDER, "orders", lines={"put": ["1", {"qty": "3"}]}),
        known=ORDERED,
        flows=BOTH,
    ),
    story("an order is deleted", remove("erp", ORDER, "orders"), known=ORDERED, flows=BOTH),
    story(
        "two that refer to each other",
        add("crm", 1, "companies", name=text(11)),
        add("crm", 2, "persons", name=text(21), company=1),
        edit("crm", 1, "companies", contact=2),
        known=(),
        flows=("companies", "persons"),
        shape=circle(),
    ),
    story(
        "one that refers to a known one, which refers to it from now on",
        add("crm", 2, "persons", name=text(21), company=1),
        edit("crm", 1, "companies", contact=2),
        known=(add("crm", 1, "companies", name=text(11)),),
        flows=("companies", "persons"),
        shape=circle(),
    ),
    story(
        "three systems",
        edit("crm", ANN, phone=text(51)),
        edit("shop", ANN, city=text(52), street=text(53)),
        add("shop", EVE, name=text(31)),
        systems=("crm", "erp", "shop"),
    ),
)
