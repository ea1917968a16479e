"""People edit, decide, correct and undo in any order: afterwards both systems agree, and nothing is unexplained."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest

from syncline.app import operations
from syncline.engine.audit import EntryKind, entries_of
from syncline.engine.changes import changed_fields
from tests.integration.fakes import World, agreed, customer

FIELDS = {"phone": "tel", "email": "mail", "city": "town", "limit": "credit"}


def edit_crm(acme: World, random: Random) -> None:
    key, name = random.choice(sorted(acme.crm.table("customers"))), random.choice(sorted(FIELDS))
    acme.crm.edit("customers", key, **{name: value_for(name, random)})


def edit_erp(acme: World, random: Random) -> None:
    key, name = random.choice(sorted(acme.erp.table("partners"))), random.choice(sorted(FIELDS))
    acme.erp.edit("partners", key, **{FIELDS[name]: value_for(name, random)})


def value_for(name: str, random: Random) -> object:
    return random.randrange(9) if name == "limit" else random.choice(["a", "b", "c", "refused"])


def create(acme: World, random: Random) -> None:
    acme.crm.create("customers", customer(random.randrange(1000, 10**9)))


def sync(acme: World, random: Random) -> None:
    operations.sync(acme.hub, full=random.random() < 0.3)


def plan_and_apply(acme: World, _random: Random) -> None:
    operations.apply(acme.hub, operations.plan(acme.hub).id)


def resolve_one(acme: World, random: Random) -> None:
    for row in operations.conflicts(acme.hub)[:1]:
        choice = random.choice(["ours", "theirs", "crm", "erp"])
        operations.resolve(acme.hub, row.cid, choice, who="m.li", agreed=row.agreed)


def correct_one(acme: World, random: Random) -> None:
    for row in operations.parked(acme.hub)[:1]:
        fields = {name: "fine" for name, value in row.fields.items() if value == "refused"}
        if fields and random.random() < 0.7:
            operations.edit_and_retry(acme.hub, row.number, fields, who="m.li")
        else:
            operations.retry(acme.hub)


def undo_one(acme: World, random: Random) -> None:
    newest = operations.status(acme.hub).runs[0].run
    operations.undo(acme.hub, random.randint(max(1, newest - 5), newest), send=random.random() < 0.5, who="m.li")


ACTS: list[Callable[[World, Random], None]] = [
    edit_crm, edit_crm, edit_erp, edit_erp, create, sync, sync, plan_and_apply, resolve_one, correct_one, undo_one,
]  # fmt: skip


def settle(acme: World) -> None:
    """People stop editing, decide what is open, and correct what is refused."""
    acme.erp.refuses = lambda _fields: ""
    for _ in range(4):
        acme.env.sleep(600)
        for row in operations.conflicts(acme.hub):
            operations.resolve(acme.hub, row.cid, "ours", agreed=row.agreed)
        operations.retry(acme.hub)
        operations.sync(acme.hub, full=True, approved=True)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_people_do_both_systems_agree_in_the_end(acme: World, seed: int):
    random = Random(seed)  # noqa: S311  a test repeats itself
    agreed(acme, 4)
    acme.erp.refuses = lambda fields: "no" if "refused" in fields.values() else ""
    for _ in range(60):
        acme.env.sleep(random.choice([0.0, 1.0, 400.0]))
        random.choice(ACTS)(acme, random)
        counted = operations.drift(acme.hub)[0].total
        assert counted.unexplained == 0
        assert counted.fields == 6 * operations.drift(acme.hub)[0].records

    settle(acme)

    (row,) = operations.drift(acme.hub)
    assert row.total.equal == row.total.fields
    assert shown_by(acme, "crm") == shown_by(acme, "erp")
    assert operations.verify(acme.hub).good
    assert chain_is_whole(acme)
    writes = len(acme.crm.writes) + len(acme.erp.writes)
    operations.sync(acme.hub, full=True)
    assert len(acme.crm.writes) + len(acme.erp.writes) == writes


def shown_by(acme: World, system: str) -> set[tuple[object, ...]]:
    desk, resource, names = acme.crm, "customers", ["tax_id", *FIELDS]
    if system == "erp":
        desk, resource, names = acme.erp, "partners", ["vat", *FIELDS.values()]
    return {tuple(row.fields[name] for name in names) for row in desk.table(resource).values()}


def chain_is_whole(acme: World) -> bool:
    """Each change of a field begins with the value that the change before it ended with."""
    values: dict[tuple[int, int], list[tuple[object, object]]] = {}
    for page in acme.hub.store.audit_log():
        for one in entries_of(page):
            for position, before, _gen, after in changed_fields(one) if one.kind == EntryKind.CHANGED else ():
                values.setdefault((one.eid, position), []).append((before, after))
    return all(left[1] == right[0] for chain in values.values() for left, right in pairwise(chain))
