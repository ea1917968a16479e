"""Batches of each kind, refusals, and what a system does to the hub beside losing answers."""

from syncline.simulation.application import REFUSED
from syncline.simulation.script import Habits, Passing
from tests.simulation.scenarios.words import ANN, BEN, EVE, Scenario, add, edit, story, text, wrong

MANY = (edit("crm", ANN, phone=text(51)), edit("crm", BEN, phone=text(52)), add("crm", EVE, name=text(31)))
BAD = f"{text(61)}{REFUSED}"

BATCHES: tuple[Scenario, ...] = (
    story(
        "one by one, and the second lost", *MANY, faults=(wrong("timeout-after", "erp write", call=2),), batch="single"
    ),
    story(
        "a batch that is whole or not at all, with a bad item",
        *MANY[:-1],
        add("crm", EVE, name=text(31), phone=BAD),
        crm=Habits(),
        batch="atomic",
        rejects=True,
    ),
    story("a batch that was done by half", *MANY, faults=(wrong("half", "erp write"),)),
    story("a batch whose answer lacks an item", *MANY, faults=(wrong("missing", "erp write"),)),
    story("a batch that is answered out of order", *MANY, batch="unordered"),
    story("a batch that is asked to wait", *MANY, faults=(wrong("busy-asked", "erp write", wait=5.0),)),
    story(
        "the credentials expire between two batches",
        *MANY,
        faults=(wrong("expired", "erp write", call=2),),
        batch="single",
    ),
    story(
        "parked, and corrected",
        edit("crm", ANN, phone=BAD),
        edit("crm", BEN, phone=text(52)),
        then=(
            Passing(wait=60.0, full=True, deeds=[(1, edit("crm", ANN, phone=text(62)))]),
            Passing(wait=60.0, full=True),
        ),
        crm=Habits(),
        rejects=True,
    ),
    story("the schema changes meanwhile", *MANY, drift="erp partners"),
    story("a listing breaks", *MANY, faults=(wrong("broken", "crm list", call=1),), page=1),
)
