"""Options of the rest connector: what is wrong with them is said by path and cure, all at once."""

import pytest

from syncline.connectors.protocols.rest_options import read_rest_options
from syncline.errors import SetupError

CUSTOMERS = {"path": "/api/customers", "rows": "data"}


def read(**options):
    return read_rest_options("crm", {"url": "https://crm.example", "resources": {"customers": CUSTOMERS}, **options})


def read_resource(**options):
    return read(resources={"customers": {**CUSTOMERS, **options}})


def problems_of(call, **options):
    with pytest.raises(SetupError) as caught:
        call(**options)
    return str(caught.value)


def test_a_few_lines_are_enough():
    options = read()

    assert options.resources["customers"].key == "id"


def test_the_name_of_the_connector_may_stand_among_the_options():
    assert read(connector="rest").url == "https://crm.example"


def test_every_problem_is_told_at_once():
    text = problems_of(read, ahth={}, concurrency="many", resources={"customers": {"rows": "data", "pagin": {}}})

    assert "systems.crm.ahth is unknown; did you mean auth?" in text
    assert "systems.crm.concurrency" in text
    assert "systems.crm.resources.customers.path is missing" in text
    assert "systems.crm.resources.customers.pagin is unknown; did you mean paging?" in text


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"paging": {"type": "cursor", "param": "c"}}, "paging.next"),
        ({"paging": {"type": "page"}}, "paging.param"),
        ({"paging": {"type": "keyset"}}, "paging.params"),
        ({"paging": {"type": "page", "param": "p", "size": 5}}, "paging.size_param"),
        ({"paging": {"type": "pages"}}, "paging.type"),
        ({"path": "api"}, "path must begin"),
        ({"key": ""}, "key is empty"),
        ({"one": "/api/customers"}, "one must contain"),
        ({"version": {}}, "version needs"),
        ({"get_many": {"param": "ids", "max": 0}}, "get_many.max"),
        ({"write": {"update": {"path": "/x"}}}, "write.update.path"),
        ({"batch": {"path": "/b", "keys": {"id": "id"}}}, "batch.answer.ref"),
        ({"batch": {"path": "/b", "atomic": True}}, "batch.keys.id"),
        ({"batch": {"path": "/b", "atomic": True, "keys": {"id": "id", "ref": "r"}}}, "batch.keys.ref"),
        ({"batch": {"path": "/b", "atomic": True, "keys": {"id": "id"}, "size": 0}}, "batch.size"),
        ({"batch": {"path": "/b", "atomic": True, "keys": {"id": "id"}, "ops": {"delete": "d"}}}, "batch.keys.op"),
        ({"batch": {"path": "/b", "atomic": True, "keys": {"id": "i"}, "ops": {"archive": "a"}}}, "write.archive"),
    ],
)
def test_a_resource_that_cannot_work_is_refused(options, path):
    assert f"systems.crm.resources.customers.{path}" in problems_of(read_resource, **options)


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        ({"type": "bearer"}, "auth.token"),
        ({"type": "basic", "user": "hub"}, "auth.password"),
        ({"type": "api-key"}, "auth.key"),
        ({"type": "oauth2", "client_id": "a", "client_secret": "b"}, "auth.token_url"),
        ({"type": "oauth2", "client_id": "a", "client_secret": "b", "token_url": "x"}, "auth.token_url"),
        ({"type": "magic"}, "auth.type"),
    ],
)
def test_credentials_that_are_not_complete_are_refused(auth, path):
    assert f"systems.crm.{path}" in problems_of(read, auth=auth)


def test_a_password_of_digits_is_a_text():
    assert read(auth={"type": "basic", "user": "hub", "password": 12345}).auth.password == "12345"


def test_a_wrong_value_is_not_repeated_for_it_may_be_a_secret():
    assert "canary" not in problems_of(read, auth={"type": "bearer", "token": ["canary-1"]}, limits="canary-2")


def test_options_do_not_show_secrets():
    options = read(auth={"type": "bearer", "token": "canary-1"}, headers={"X-Key": "canary-2"})

    assert "canary" not in repr(options) + repr(options.auth)


def test_no_resource_is_no_configuration():
    assert "resources is empty" in problems_of(read, resources={})


@pytest.mark.parametrize("name", ["uper", "truncate", "truncate:", "truncate:forty", "round:-1", "trim:2", ""])
def test_a_normaliser_that_there_is_not_is_refused_with_those_that_there_are(name):
    text = problems_of(read_resource, contract={"normalisers": {"name": name}})

    assert f"resources.customers.contract.normalisers.name is {name!r}" in text
    assert "truncate:N" in text
    assert "contract.normalisers.name" in problems_of(read, contract={"normalisers": {"name": name}})


@pytest.mark.parametrize("name", ["upper", "truncate:40", "round:2", "round-half-even:0", "null-empty", "date"])
def test_a_normaliser_of_the_closed_list_is_taken(name):
    assert read_resource(contract={"normalisers": {"name": name}}).resources["customers"].contract.normalisers
