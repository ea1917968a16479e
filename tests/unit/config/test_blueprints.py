"""Blueprints are whole projects: they load, and their mapping cases hold."""

import json

import pytest

from syncline.config import blueprints, load_project, schema, write_blueprint
from syncline.errors import SetupError
from syncline.mapping import run_case
from syncline.security import EnvSecrets

ENVIRON = dict.fromkeys(("CRM_TOKEN", "ERP_PASSWORD"), "made-up") | dict.fromkeys(
    ("CRM_URL", "ERP_URL"), "https://made-up.example"
)


def loaded(name, folder):
    write_blueprint(name, folder)
    return load_project(folder, environ=ENVIRON, secrets=EnvSecrets(ENVIRON))


ENTITIES = {
    "all": [
        "customer", "product", "need", "interaction", "opportunity", "sales_order", "work_centre", "work_order",
        "stock_level", "supplier", "purchase_order", "shipment", "invoice",
    ],
    "crm-erp": ["customer", "product", "sales_order"],
    "crm-mes": ["product", "work_centre", "work_order"],
    "crm-products": ["product", "need"],
    "crm-scm": ["product", "opportunity", "sales_order", "stock_level", "supplier"],
    "crm-supply-chain": ["product", "sales_order", "shipment", "stock_level", "supplier", "purchase_order"],
    "sandbox": ["customer", "product", "sales_order"],
}  # fmt: skip


def test_every_blueprint_says_what_it_is_for():
    assert set(blueprints()) == set(ENTITIES)
    assert all(blueprints().values())


@pytest.mark.parametrize("name", ENTITIES)
def test_a_blueprint_loads(tmp_path, name):
    project = loaded(name, tmp_path)

    assert [settings.flow.entity for settings in project.flows] == ENTITIES[name]
    assert [settings.notes for settings in project.flows] == [()] * len(ENTITIES[name])


@pytest.mark.parametrize("name", ENTITIES)
def test_the_mapping_cases_of_a_blueprint_hold(tmp_path, name):
    project = loaded(name, tmp_path)
    cases = [(settings.lenses[case.system], case) for settings in project.flows for case in settings.cases]

    assert len(cases) >= 6
    assert {(settings.flow.name, system) for settings in project.flows for system in settings.lenses} == {
        (settings.flow.name, case.system) for settings in project.flows for case in settings.cases
    }
    assert {case.name: run_case(lens, case.said) for lens, case in cases} == {case.name: [] for _, case in cases}


@pytest.mark.parametrize("name", ENTITIES)
def test_every_mapping_of_a_blueprint_has_a_case(tmp_path, name):
    project = loaded(name, tmp_path)
    mapped = {(one.flow.name, side.system) for one in project.flows for side in one.flow.sides}

    assert {(one.flow.name, case.system) for one in project.flows for case in one.cases} == mapped


def test_a_blueprint_takes_the_place_of_nothing(tmp_path):
    (tmp_path / "syncline.yaml").write_text("project: mine")

    with pytest.raises(SetupError, match="is a project already"):
        write_blueprint("sandbox", tmp_path)
    assert (tmp_path / "syncline.yaml").read_text() == "project: mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_other_files_of_a_folder_are_not_replaced(tmp_path):
    (tmp_path / "README.md").write_text("mine")

    with pytest.raises(SetupError, match=r"would replace: README\.md"):
        write_blueprint("sandbox", tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unknown_blueprint_has_a_cure(tmp_path):
    with pytest.raises(SetupError) as caught:
        write_blueprint("sandbx", tmp_path)
    assert "Did you mean `sandbox`?" in caught.value.cure


def test_editors_get_a_schema():
    found = schema()

    assert found["required"] == ["project", "systems"]
    assert found["additionalProperties"] is False
    assert json.dumps(found)


def written(lens, wanted, **values):
    return lens.put([[values.get(name) for name in lens.fields]], frozenset({wanted}))[0]


def test_the_crm_of_the_sandbox_gets_an_amount_with_its_currency(tmp_path):
    lens = loaded("sandbox", tmp_path).flow("customers").lenses["crm"]

    assert written(lens, "credit_limit", credit_limit="777", credit_currency="EUR") == {
        "credit_limit": {"amount": "777.00", "currency": "EUR"}
    }


def test_the_erp_of_the_sandbox_gets_no_empty_address(tmp_path):
    lens = loaded("sandbox", tmp_path).flow("customers").lenses["erp"]

    assert written(lens, "city", city="Metz", postcode="57000") == {
        "Addresses": [{"Type": "B", "Street": "", "Zip": "57000", "City": "Metz", "CountryCode": ""}]
    }
