"""Databases and a drop folder in agreement: `syncline sync` as a person runs it, two databases, one folder of files."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.sql_databases import PASSWORD, Business, in_postgres, in_sqlite
from tests.processes.postgres_server import postgres_server

SOURCE = Path(__file__).resolve().parents[2] / "src"

PROJECT = """
project: acme
store: sqlite:///.syncline/acme.db
systems:
  crm:
    connector: sql
    url: "{crm}"
    user: hub
    password: "${{secret:CRM_PASSWORD}}"
    socket: "{socket}"
    contract: &quick {{lag: 0.2, skew: 0.1, precision: 0.001, effect: 2}}
    resources:
      customers:
        table: customers
        since: {{column: updated_at}}
        marker: {{column: hub_marker, unique: true}}
        tombstones: {{table: buried, key: customer_id, at: at}}
        search: [email]
        writes: {{create: true, update: true, delete: hard, archive: {{active: false}}}}
  warehouse:
    connector: sql
    url: "{warehouse}"
    contract: *quick
    resources:
      clients:
        table: customers
        since: {{column: updated_at}}
        marker: {{column: hub_marker, unique: true}}
        search: [email]
        writes: {{create: true, update: true, delete: hard, archive: {{active: false}}}}
  carrier:
    connector: files
    folder: drop
    resources:
      addresses: {{key: email, fields: [email, name, credit], read: {{pattern: "addresses-*.csv", ready: rename}}}}
      labels: {{key: number, fields: [number, receiver, mail], write: {{}}}}
flows:
  customers:
    entity: client
    own: {{"*": latest}}
    match: [[email]]
    deletes: {{crm: propagate, warehouse: propagate}}
    systems:
      crm: {{resource: customers, map: {{name: name, email: email, credit: "credit | decimal"}}}}
      warehouse: {{resource: clients, map: {{name: name, email: email, credit: "credit | decimal"}}}}
  arrivals:
    entity: arrival
    own: {{"*": {{owner: carrier}}}}
    match: [[email]]
    systems:
      carrier: {{resource: addresses, direction: from, map: {{name: name, email: email, credit: "credit | decimal"}}}}
      warehouse: {{resource: clients, direction: to, map: {{name: name, email: email, credit: "credit | decimal"}}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A project of two databases and a folder."""

    folder: Path
    crm: Business
    warehouse: Business

    def __call__(self, *words: str, code: int = 0) -> str:
        environ = os.environ | {"PYTHONPATH": str(SOURCE), "CRM_PASSWORD": PASSWORD}
        done = subprocess.run(
            [sys.executable, "-m", "syncline", *words], cwd=self.folder, env=environ, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        told = done.stdout + done.stderr
        assert done.returncode == code, told
        assert "Traceback" not in told
        assert PASSWORD not in told
        return told


def rows(business: Business) -> list[tuple[str, ...]]:
    found = business.run("SELECT email, name, credit FROM customers ORDER BY email")
    return [(email, name, f"{float(credit):g}") for email, name, credit in found]


@pytest.fixture(scope="module")
def server() -> Iterator[object]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def shop(server, tmp_path: Path) -> Iterator[Shop]:
    with in_postgres(server) as crm, in_sqlite(tmp_path) as warehouse:
        project = PROJECT.format(crm=crm.url, socket=crm.options["socket"], warehouse=warehouse.url)
        (tmp_path / "syncline.yaml").write_text(project)
        (tmp_path / "drop").mkdir()
        yield Shop(folder=tmp_path, crm=crm, warehouse=warehouse)


def test_two_databases_come_into_agreement_both_ways(shop: Shop):
    for number in range(30):
        shop.crm.run(
            "INSERT INTO customers (name, email, credit) VALUES (?, ?, ?)", f"C {number}", f"c{number}@a.de", number
        )
    shop.warehouse.run("INSERT INTO customers (name, email, credit) VALUES ('W', 'w@a.de', 7), ('C 3', 'c3@a.de', 3)")
    assert "No problem" in shop("check")

    shop("sync", "customers", "--approve")

    assert rows(shop.crm) == rows(shop.warehouse)
    assert len(rows(shop.crm)) == 31
    shop.crm.run("UPDATE customers SET name = 'edited in the CRM' WHERE email = 'c5@a.de'")
    shop.warehouse.run("UPDATE customers SET credit = 99.5 WHERE email = 'c6@a.de'")
    shop.crm.run("DELETE FROM customers WHERE email = 'c7@a.de'")
    shop("sync", "customers")
    found = {row[0]: row for row in rows(shop.warehouse)}
    assert rows(shop.crm) == rows(shop.warehouse)
    assert (found["c5@a.de"][1], found["c6@a.de"][2]) == ("edited in the CRM", "99.5")
    assert "c7@a.de" not in found
    assert "100.000 %            0" in shop("drift")
    probed = shop("probe", "crm", "customers") + shop("probe", "warehouse", "customers")
    assert "falls short" not in probed
    assert len(re.findall(r"reads from a cursor +agrees", probed)) == 2


def test_a_drop_folder_feeds_a_database(shop: Shop):
    def drop(name: str, content: str) -> None:
        (shop.folder / "drop" / "coming.tmp").write_text(content)
        (shop.folder / "drop" / "coming.tmp").rename(shop.folder / "drop" / name)

    drop("addresses-1.csv", "email;name;credit\na@a.de;A;1\nb@a.de;B;2,5\nc@a.de;C;3\nd@a.de;D\n")
    shop("sync", "arrivals", "--approve")

    assert [row[0] for row in rows(shop.warehouse)] == ["a@a.de", "c@a.de"]  # 2,5 is no decimal, d has no credit
    parked = shop("parked")
    assert "addresses-1.csv line 5" in parked
    drop("addresses-2.csv", "email;name;credit\na@a.de;A two;1\nb@a.de;B;2.5\nd@a.de;D;4\n")
    (shop.folder / "drop" / "addresses-1.csv").unlink()
    shop("sync", "arrivals")
    assert "falls short" not in shop("probe", "carrier", "arrivals")
    assert rows(shop.warehouse) == [
        ("a@a.de", "A two", "1"), ("b@a.de", "B", "2.5"), ("c@a.de", "C", "3"), ("d@a.de", "D", "4"),
    ]  # fmt: skip


def test_a_database_feeds_a_drop_folder(shop: Shop):
    settings = (shop.folder / "syncline.yaml").read_text().partition("  arrivals:")[0]
    (shop.folder / "syncline.yaml").write_text(
        settings
        + """  labels:
    entity: label
    own: {"*": {owner: crm}}
    systems:
      crm: {resource: customers, direction: from, map: {id: "id | text", name: name, email: email}}
      carrier: {resource: labels, direction: to, map: {id: number, name: receiver, email: mail}}
""".replace('"id | text"', "id")
    )
    shop.crm.run("INSERT INTO customers (name, email) VALUES ('=A', 'a@a.de'), ('B', 'b@a.de')")

    shop("sync", "labels", "--approve")
    shop.crm.run("UPDATE customers SET name = 'B two' WHERE name = 'B'")
    shop("sync", "labels")
    shop("sync", "labels")

    files = sorted((shop.folder / "drop").glob("labels-*.csv"))
    told = [[(row["receiver"], row["mail"]) for row in csv.DictReader(path.read_text().splitlines())] for path in files]
    assert told == [[("'=A", "a@a.de"), ("B", "b@a.de")], [("B two", "b@a.de")]]
