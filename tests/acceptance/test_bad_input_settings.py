"""Wrong settings, wrong credentials and hosts that are not there: what, where and the cure, and no secret."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tests.acceptance.bad_input_world import BadWorld, bad_world

pytestmark = pytest.mark.slow

WRONG = "wr0ng-s3cret"


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BadWorld]:
    with bad_world(tmp_path_factory.mktemp("settings") / "world", quick=True) as made:
        yield made


MISTAKES = (
    ("syncline.yaml", "store: sqlite:", "store: sqlight:", "sqlight"),
    ("flows/customers.yaml", "when: {every: 30s}", "when: {every: 30 parsecs}", "parsecs"),
    ("flows/orders.yaml", '"*": {owner: crm}', '"*": {owner: cmr}', "cmr"),
    ("mapping/crm_customer.yaml", '"phone | phone"', '"phone | fone"', "fone"),
    ("mapping/crm_customer.yaml", '"email | email"', '"email | e-mail"', "e-mail"),
    ("mapping/erp_product.yaml", '"ListPrice | minor(2)"', '"ListPrice | minor(two)"', "minor"),
)


@pytest.mark.parametrize("command", ["check", "sync"])
def test_every_mistake_of_the_configuration_is_told_at_once_with_its_place(bad: BadWorld, command: str):
    before = {name: (bad.world.project / name).read_text() for name, *_ in MISTAKES}
    wanted: set[tuple[str, int]] = set()
    try:
        for name, old, new, mark in MISTAKES:
            path = bad.world.project / name
            text = path.read_text()
            assert old in text, name
            path.write_text(text.replace(old, new, 1))
            line = next(n for n, one in enumerate(path.read_text().splitlines(), 1) if mark in one)
            wanted.add((name, line))
        told, shown = bad(command, "--json"), bad(command)
    finally:
        for name, text in before.items():
            (bad.world.project / name).write_text(text)

    problems = json.loads(told.err)["error"]["problems"]
    assert (told.code, shown.code) == (1, 1)
    assert told.out == ""
    assert {(one["file"], one["line"]) for one in problems} == wanted
    assert all(one["column"] > 0 and one["what"].endswith(".") and one["cure"] for one in problems)
    assert [f"{one['file']}:{one['line']}:{one['column']}  {one['what']}" in shown.err for one in problems] == [
        True
    ] * len(problems)
    bad.comes_to_rest()


def test_every_mistake_in_what_a_connector_is_told_comes_at_once(bad: BadWorld):
    with (
        bad.edited("syncline.yaml", 'connector: rest\n    url: "${CRM_URL', 'connector: rets\n    url: "${CRM_URL'),
        bad.edited("systems/erp.yaml", "integer\n  rows: rows\n  query", "number\n  rows: rows\n  query"),
    ):
        check, sync = bad("check"), bad("sync")

    told = " ".join(check.out.split())
    assert (check.code, sync.code) == (1, 1)
    assert "syncline.yaml:7:16 There is no connector named 'rets'. Did you mean 'rest'?" in told
    assert "systems/erp.yaml:7:13 systems.erp.resources.partners.key_type: not one of the words" in told
    assert "Start the system" not in told
    assert "syncline.yaml:7:16" in sync.err
    assert "systems/erp.yaml:7:13" in sync.err


def test_a_file_that_is_no_yaml_or_is_not_there_is_named_with_the_others(bad: BadWorld):
    with (
        bad.edited("systems/crm.yaml", "customers:\n  schema:", "customers: [\n  schema:"),
        bad.edited("syncline.yaml", "flows/orders.yaml", "flows/odors.yaml"),
        bad.edited("flows/products.yaml", "entity: product", "entity: product\nentity: product"),
    ):
        told = bad("check", "--json")

    files = {one["file"] for one in json.loads(told.err)["error"]["problems"]}
    assert told.code == 1
    assert files >= {"systems/crm.yaml", "syncline.yaml", "flows/products.yaml"}


@pytest.mark.parametrize(
    ("system", "variable", "edits"),
    [("crm", "CRM_TOKEN", "systems.crm.auth"), ("erp", "ERP_PASSWORD", "systems.erp.auth")],
)
def test_wrong_credentials_pause_that_system_and_are_never_shown(bad: BadWorld, system: str, variable: str, edits: str):
    customer = bad.customers()[0]
    phone = "+493055510001" if system == "crm" else "+493055510002"
    bad.world.crm.change("customers", customer["id"], {"phone": phone})
    with bad.proxy(system).lying(lambda _: None):
        told = bad("sync", "--json", **{variable: WRONG})
        asked = len(bad.proxy(system).asked)
        shown, check = bad("sync", **{variable: WRONG}), bad("check", **{variable: WRONG})

    assert (told.code, shown.code, check.code) == (3, 3, 1)
    assert {f"{system} does not accept our credentials (HTTP 401 at" in why for why in told.paused.values()} == {True}
    assert f"Check {edits}" in " ".join(shown.out.split())
    assert f"Check {edits}" in " ".join(check.out.split())
    assert WRONG not in told.out + told.err + shown.out + shown.err + check.out + check.err
    assert asked <= 3  # one for each flow: an account is locked soon
    assert {one["system"] for one in told.document["accounts"] if one["read"]} == {"crm", "erp"} - {system}
    bad.comes_to_rest()
    assert bad.partner_of(customer)["Phone"] == phone


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.mark.parametrize("address", ["http://127.0.0.1:PORT", "http://no-such-host.invalid"])
def test_an_unreachable_host_pauses_its_flows_and_the_others_are_read(bad: BadWorld, address: str):
    url = address.replace("PORT", str(unused_port()))
    customer, phone = bad.customers()[1], f"+49305551100{len(address) % 10}"
    bad.world.erp.change("partners", bad.partner_of(customer)["PartnerNo"], {"Phone": phone})
    told, check = bad("sync", "--json", CRM_URL=url), bad("check", CRM_URL=url)

    assert (told.code, check.code) == (3, 1)
    assert list(told.paused) == ["crm"]
    assert "crm" in told.paused["crm"]
    assert "cannot be reached" in told.paused["crm"]
    assert "syncline.yaml:8:10  crm cannot be reached" in check.out
    assert "Start the system, or correct its address." in check.out
    assert any(one["system"] == "erp" and one["reads"].get("updated") for one in told.document["accounts"])
    bad.comes_to_rest()
    assert bad.world.crm.get("customers", customer["id"])["phone"] == phone


@pytest.mark.parametrize("url", ["crm.example.com", "http://169.254.169.254/latest"])
def test_an_address_that_is_none_is_told_with_its_place(bad: BadWorld, url: str):
    with bad.edited("syncline.yaml", '"${CRM_URL:-http://127.0.0.1:8101}"', f'"{url}"'):
        sync, check = bad("sync"), bad("check")

    told = " ".join((check.out + check.err).split())
    assert (sync.code, check.code) == (1, 1)
    assert "syncline.yaml:" in told
    assert "crm" in told
    assert sync.err
