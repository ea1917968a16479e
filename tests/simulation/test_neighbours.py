"""What stands beside a change in one nested object of a record is not touched, whatever canon says of it."""

from pathlib import Path

from syncline.simulation.history import play
from syncline.simulation.invariants import violations
from syncline.simulation.script import Deed, Habits, Passing, Script
from syncline.simulation.shape import shape_of
from tests.unit.config.project import load

PROJECT = """\
project: acme
store: "sqlite:///.syncline/state.db"
systems:
  crm: {connector: rest, url: "https://crm.example"}
  erp: {connector: rest, url: "https://erp.example"}
flows:
  customers:
    entity: client
    own: {"*": latest}
    match: [[tax]]
    systems:
      crm: {resource: customers, map: {tax: tax, name: name}}
      erp: {resource: partners, map: {tax: vat, name: label}}
  orders:
    entity: order
    own: {"*": latest}
    match: [[number]]
    systems:
      crm: {resource: deals, map: {number: no, customer: "buyer | ref(client)", comment: comment}}
      erp: {resource: sales, map: {number: number, customer: "head.party | ref(client)", comment: head.remark}}
"""


def deed(op: str, who: int, flow: str, **fields: object) -> Deed:
    return Deed(op=op, system="crm", flow=flow, who=who, fields=fields)


def test_a_reference_beside_a_change_stays_the_system_s_own_key(tmp_path: Path):
    before = [
        deed("add", 1, "customers", name="t0001 Aé-1  x"),
        deed("add", 2, "customers", name="t0002 Aé-2  x"),
        deed("add", 3, "orders", customer=2, comment="t0003 Aé-3  x"),
    ]
    passes = [
        Passing(full=True, deeds=[(10_000, deed("edit", 3, "orders", comment="t0004 Aé-4  x"))]),
        Passing(full=True),
    ]
    script = Script(
        seed=1, flows=["customers", "orders"], systems={"crm": Habits(), "erp": Habits()}, before=before, passes=passes
    )  # fmt: skip

    history = play(script, shape_of(load(tmp_path, PROJECT)))

    [order] = history.world.apps["erp"].live("sales")
    assert (order.last.fields or {})["head"] == {"party": "E2", "remark": "t0004 Aé-4  x"}
    assert violations(history)[0] == []
