"""Deletes, against edits and undone; records that become one, get another key, or come back from a backup."""

from syncline.simulation.script import Deed
from tests.simulation.scenarios.words import ANN, BEN, ONE, Scenario, edit, one_way, remove, story, text

DELETES: tuple[Scenario, ...] = (
    story("deleted, and nobody tells", remove("crm", ANN)),
    story("deleted, told by a tombstone", remove("crm", ANN), deletes="tombstones"),
    story(
        "deleted against edited",
        remove("crm", ANN),
        edit("erp", ANN, phone=text(51)),
        differs="whether the edit was seen before the delete",
    ),
    story(
        "deleted and brought back",
        remove("crm", ANN),
        (20, Deed(op="restore", system="crm", flow="customers", who=ANN)),
        deletes="soft",
        differs="whether the delete was seen before it was undone",
    ),
    story(
        "merged", edit("crm", ANN, phone=text(51)), Deed(op="merge", system="crm", flow="customers", who=BEN, other=ANN)
    ),
    story(
        "re-keyed",
        Deed(op="re-key", system="crm", flow="customers", who=ANN),
        edit("crm", ANN, phone=text(51)),
    ),
    story(
        "a backup is played back",
        edit("crm", ANN, phone=text(51)),
        (10, Deed(op="roll-back", system="erp", back=20.0)),
        differs="what the backup held depends on how far the hub had come",
    ),
    story(
        "deleted where the hub only writes",
        remove("shop", ANN),
        known=ONE,
        shape=one_way(),
        systems=("crm", "shop"),
    ),
)
