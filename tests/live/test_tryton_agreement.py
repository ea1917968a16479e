"""A CRM and a Tryton that buys and makes things agree, whoever edits what; a recount of its own says so."""

import pytest

from tests.live import supply_scenario

pytestmark = pytest.mark.live


@pytest.mark.usefixtures("tryton")  # skipped where no Tryton can be had
@pytest.mark.parametrize("seed", [2])
def test_opportunities_work_orders_stock_and_lead_times_agree(seed):
    told = []

    agreement = supply_scenario.play(seed=seed, say=told.append)

    assert agreement.startswith("agreement:"), told
    assert agreement.endswith(" 0 unexplained differences"), told
