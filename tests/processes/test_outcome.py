"""The count after a disturbance finds what it looks for: a lost edit, a missing record, one that is there twice."""

from __future__ import annotations

import pytest

from tests.processes.outcome import assess
from tests.processes.starts import JOB, Starts

pytestmark = pytest.mark.slow


def test_a_lost_edit_a_missing_record_and_a_double_are_counted(sqlite: Starts) -> None:
    with sqlite.world("load") as this:
        assert this.syncline(*JOB).returncode == 0
        good = assess(this, sqlite.end("load"), "good")
        customer = next(row for row in this.crm.every("customers") if row["tax_id"] and not row["archived"])
        this.crm.change("customers", customer["id"], {"name": "Written Over"})
        partner = next(row for row in this.erp.every("partners") if row["VatNo"] == customer["tax_id"].upper())
        this.erp.change("partners", partner["PartnerNo"], {"Name1": "Written Over"})
        lost = assess(this, sqlite.end("load"), "lost")  # on both sides: only the undisturbed job knows better
        this.crm.create("products", {**this.crm.every("products")[0], "sku": "TWICE-1"})
        doubled = assess(this, sqlite.end("load"), "doubled")

    assert (good.lost, good.doubled, good.problems) == (0, 0, [])
    assert lost.lost >= 2
    assert lost.doubled == 0
    assert doubled.doubled == 1
    assert all("Written Over" in one for one in lost.problems if "instead" in one)
