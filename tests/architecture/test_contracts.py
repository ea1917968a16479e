"""The table of contracts shows evidence for what is shipped, and for nothing else."""

from dataclasses import replace

import msgspec

from syncline.testing.connector_findings import Findings
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

    assert [title for title in reports if rows(reports)[title] == NOT_TRIED] == [], "run: make kit, make live"
    assert [title for title, one in reports.items() if one.failed] == []


def test_every_report_is_of_something_that_is_shipped():
    assert set(contracts.findings()) <= {one.title for one in contracts.shipped()}


def test_a_report_of_another_contract_is_no_evidence():
    reports = contracts.findings()
    title = "sandbox.crm.customers"
    contract = reports[title].contract
    assert contract is not None
    other = msgspec.structs.replace(reports[title], contract=replace(contract, lag=contract.lag + 1))

    assert rows(reports)[title] != NOT_TRIED
    assert rows({**reports, title: other})[title] == NOT_TRIED
