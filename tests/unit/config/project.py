"""A small project on disk, to be changed by each test in the one place that it is about."""

from pathlib import Path
from textwrap import dedent

import pytest

from syncline.config import Project, load_project
from syncline.errors import ConfigError, ConfigProblem
from syncline.security import EnvSecrets

SMALL = """\
project: acme
systems:
  crm: {connector: rest, url: "${CRM_URL}", auth: {type: bearer, token: "${secret:CRM_TOKEN}"}}
  erp: {connector: tryton, url: "http://erp.example", database: hub}
flows:
  customers:
    entity: customer
    when: {every: 30s}
    own: {"*": {owner: crm}, credit_limit: {owner: erp}, phone: latest}
    match: [[tax_id], {score: [name, phone], at_least: 0.92}]
    systems:
      crm:
        resource: customers
        map: {name: name, phone: phone, tax_id: tax_id, credit_limit: limit}
      erp:
        resource: party.party
        map: {name: name, phone: phone, tax_id: vat, credit_limit: limit, payment_terms: terms}
"""
ORDERS = """
  orders:
    entity: order
    systems:
      crm:
        resource: orders
        map: {number: number, customer: "customer_id | ref(customer)"}
      erp:
        resource: sale.sale
        map: {number: number, customer: "party | ref(customer)", state: "state | one-way"}
"""
ENVIRON = {"CRM_URL": "http://crm.example", "SYNCLINE_SECRET_CRM_TOKEN": "kanarie"}


def write(folder: Path, text: str = SMALL, **others: str) -> Path:
    (folder / "syncline.yaml").write_text(dedent(text))
    for name, content in others.items():
        file = folder / f"{name.replace('__', '/')}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(content))
    return folder


def load(folder: Path, text: str = SMALL, environ: dict[str, str] = ENVIRON, **others: str) -> Project:
    return load_project(write(folder, text, **others), environ=environ, secrets=EnvSecrets(environ))


def problems(folder: Path, text: str = SMALL, **others: str) -> tuple[ConfigProblem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **others)
    assert str(caught.value)
    return caught.value.problems


def problem(folder: Path, text: str = SMALL, **others: str) -> ConfigProblem:
    """The only problem."""
    (one,) = problems(folder, text, **others)
    return one


def changed(old: str, new: str, text: str = SMALL) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)
