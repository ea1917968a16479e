"""The table of contracts shows evidence for what is shipped, and for nothing else."""

import msgspec

from syncline.connectors import names
from syncline.testing.connector_findings import Findings
from syncline.testing.connector_tier import tier_of
from tools import contracts

NOT_TRIED = "not tried here"


def rows(reports: dict[str, Findings]) -> dict[str, str]:
    """Title -> what stands under `kept`."""
    _, lines = contracts.measured(contracts.shipped(), reports)
    return {line[0].strip("`"): line[2] for line in lines}


def test_every_shipped_configuration_of_the_rest_connector_was_tried_as_it_is_shipped():
    kept = rows(contracts.findings())

    untried = [one.title for one in contracts.shipped() if one.connector == "rest" and kept[one.title] == NOT_TRIED]
    assert untried == [], "run: make kit"


def test_no_report_is_out_of_date_and_none_tells_of_a_failure():
    reports = contracts.findings()

    assert [title for title, kept in rows(reports).items() if title in reports and kept == NOT_TRIED] == [], (
        "run: make kit, make live"
    )
    assert [title for title, one in reports.items() if one.failed] == []


def test_every_report_is_of_something_that_is_shipped():
    elsewhere = {title for title, one in contracts.findings().items() if one.connector not in names()}

    assert elsewhere <= {one.title for one in contracts.shipped()}


def test_a_connector_that_was_tried_on_our_own_servers_alone_is_bronze_at_most():
    gold = next(one for one in contracts.findings().values() if tier_of(one) == "gold")
    ours = msgspec.structs.replace(gold, server="")
    theirs = msgspec.structs.replace(gold, server="A 1.0")
    failed = msgspec.structs.replace(theirs, failed=["no secret is shown"])

    assert contracts.tier_of_connector([ours, ours]) == "bronze"
    assert contracts.tier_of_connector([ours, theirs]) == "gold"
    assert contracts.tier_of_connector([ours, failed]) == "none"
    assert contracts.tier_of_connector([]) == "none"


def test_a_report_of_another_contract_is_no_evidence():
    reports = contracts.findings()
    title = "sandbox.crm.customers"
    contract = reports[title].contract
    assert contract is not None
    other = msgspec.structs.replace(reports[title], contract=msgspec.structs.replace(contract, lag=contract.lag + 1))

    assert rows(reports)[title] != NOT_TRIED
    assert rows({**reports, title: other})[title] == NOT_TRIED
