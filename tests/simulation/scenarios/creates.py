"""New records: both ways, in both systems at once, and creates of which nobody knows what came."""

from tests.simulation.scenarios.words import ANN, BEN, EVE, OPEN, Scenario, add, confirmed, edit, story, text, wrong

CREATES: tuple[Scenario, ...] = (
    story("created in the crm", add("crm", EVE, name=text(31), phone=text(32))),
    story("created in the erp", add("erp", EVE, name=text(31), phone=text(32))),
    story(
        "created in both at once",
        add("crm", EVE, name=text(31), phone=text(32)),
        add("erp", EVE, name=text(33), phone=text(34)),
    ),
    story(
        "created in the erp just when the hub does",
        add("crm", EVE, name=text(31)),
        (12, add("erp", EVE, name=text(33))),
        differs="whoever comes first, the other is told of a twin",
    ),
    story("created without a marker", add("crm", EVE, name=text(31)), marker="none", read_back="get"),
    story(
        "created, the answer lost",
        add("crm", EVE, name=text(31)),
        faults=(wrong("timeout-after", "erp write"),),
    ),
    story(
        "created, the answer lost, without a marker",
        add("crm", EVE, name=text(31)),
        faults=(wrong("truncated", "erp write"),),
        marker="none",
    ),
    story(
        "created, never arrived",
        add("crm", EVE, name=text(31)),
        faults=(wrong("timeout-before", "erp write"),),
    ),
    story(
        "created long after everybody gave up",
        add("crm", EVE, name=text(31)),
        faults=(wrong("late", "erp write", wait=4.0),),
        lag=3.0,
    ),
    story(
        "created twice by a proxy, under an idempotency key",
        add("crm", EVE, name=text(31)),
        faults=(wrong("duplicate", "erp write"),),
        idempotent=True,
    ),
    story(
        "created by upsert, the answer lost",
        add("crm", EVE, name=text(31)),
        faults=(wrong("failed-after", "erp write"),),
        marker="unique",
        upsert=True,
    ),
    story(
        "created once it is confirmed",
        edit("crm", ANN, "orders", state="confirmed", note=text(51)),
        (12, edit("crm", BEN, "orders", note=text(52))),
        known=OPEN,
        flows=("orders",),
        shape=confirmed(),
        systems=("crm", "mes"),
    ),
    story(
        "created once it is confirmed, the answer lost, and confirmed no more",
        edit("crm", ANN, "orders", state="confirmed"),
        (30, edit("crm", ANN, "orders", state="withdrawn")),
        known=OPEN,
        flows=("orders",),
        shape=confirmed(),
        systems=("crm", "mes"),
        faults=(wrong("timeout-after", "mes write"),),
        differs="whether it was sent while it was confirmed",
    ),
)
