"""Edits: alone, against each other under each rule, and those of which nobody knows what came."""

from syncline.simulation.script import Habits
from tests.simulation.scenarios.words import ANN, BEN, ONE, Scenario, add, edit, one_way, story, text, wrong

EDITS: tuple[Scenario, ...] = (
    story("edited", edit("crm", ANN, phone=text(51))),
    story("edited where nothing locks", edit("crm", ANN, phone=text(51)), locking="none", read_back="get"),
    story(
        "edited, and again between the read and the write",
        edit("crm", ANN, phone=text(51)),
        (14, edit("erp", ANN, phone=text(52))),
        differs="which of the two edits is the later one depends on when the second is seen",
    ),
    story("edited, the answer lost", edit("crm", ANN, phone=text(51)), faults=(wrong("timeout-after", "erp write"),)),
    story("edited, never arrived", edit("crm", ANN, phone=text(51)), faults=(wrong("error-body", "erp write"),)),
    story(
        "edited, in effect long after everybody gave up",
        edit("crm", ANN, phone=text(51)),
        faults=(wrong("late", "erp write", wait=4.0),),
        get_lag=0.3,
    ),
    story("edits clash, the later wins", edit("crm", ANN, phone=text(51)), edit("erp", ANN, phone=text(52))),
    story("edits clash, the owner wins", edit("crm", ANN, name=text(51)), edit("erp", ANN, name=text(52))),
    story("edited by who does not own it", edit("erp", ANN, name=text(52))),
    story("edits clash, a person decides", edit("crm", ANN, email=text(51)), edit("erp", ANN, email=text(52))),
    story(
        "edits clash, the owner wins unless it is empty",
        edit("crm", ANN, rating=text(51)),
        edit("erp", ANN, rating=text(52)),
        edit("erp", BEN, rating=text(53)),
    ),
    story(
        "both add to a number and to a set",
        edit("crm", ANN, visits=7),
        edit("erp", ANN, visits=11),
        edit("crm", BEN, tags={"put": "g2"}),
        edit("erp", BEN, tags={"put": "g3"}),
    ),
    story(
        "an atomic group, a field by each",
        edit("crm", ANN, street=text(51), city=text(52)),
        edit("erp", ANN, city=text(53), street=text(54)),
    ),
    story(
        "emptied, and never filled in",
        edit("crm", ANN, phone=None, note=text(51), since=text(52)),
        edit("erp", BEN, phone="", note=""),
        normalisers={"phone": "null-empty"},
    ),
    story(
        "stored in another way than it was sent",
        edit("crm", ANN, name=text(51), phone=text(52)),
        edit("crm", BEN, name=text(53)),
        crm=Habits(),
        normalisers={"name": "upper", "phone": "truncate:9"},
        declared=False,
    ),
    story(
        "a rule of the system changes another field",
        edit("crm", ANN, phone=text(51)),
        known=(add("crm", ANN, name=text(11), phone=text(12), city=text(13)),),
        crm=Habits(),
        workflow=("phone", "note"),
    ),
    story(
        "edited where the hub only writes",
        edit("shop", ANN, phone=text(51)),
        edit("crm", ANN, city=text(52)),
        edit("shop", ANN, city=text(53)),
        known=ONE,
        shape=one_way(),
        systems=("crm", "shop"),
    ),
)
