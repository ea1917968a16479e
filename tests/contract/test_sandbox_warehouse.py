"""The sandbox's warehouse: what its program does, read through the hub's own connectors."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from syncline.connectors.protocols.files import open_files
from syncline.connectors.protocols.files_connector import FilesConnector
from syncline.connectors.protocols.sql import open_sql
from syncline.connectors.protocols.sql_connector import SqlConnector
from syncline.env import RealEnv
from syncline.model.page import Item, Op
from syncline.sandbox.process import Process, start
from syncline.sandbox.warehouse_words import RESOURCES, schema
from syncline.testing.connector_steps import create, everything, last_cursor, written
from tests.contract.all_systems import DROP, WAREHOUSE, system_options
from tests.contract.rest_systems import at_the_door
from tests.processes.postgres_server import postgres_server

PROGRAM = ["pick", "ship", "deliver", "buy", "receive", "list_suppliers"]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Process]:
    with start("warehouse", data=tmp_path, size=60, options=["--orders", "20"]) as process:
        yield process


@contextmanager
def tables(folder: Path) -> Iterator[SqlConnector]:
    connector = open_sql("warehouse", system_options("warehouse", WAREHOUSE, f"{folder}/warehouse.sqlite"), RealEnv())
    assert isinstance(connector, SqlConnector)
    with closing(connector):
        yield connector


@contextmanager
def drop(folder: Path) -> Iterator[FilesConnector]:
    options = system_options("drop", DROP, str(folder / "drop"))
    connector = open_files("drop", {**options, "log": str(folder / "drop.sqlite")}, RealEnv())
    assert isinstance(connector, FilesConnector)
    with closing(connector):
        yield connector


def work(process: Process, edits: int, *actions: str, seed: int = 1) -> list[Mapping[str, Any]]:
    asked = {"edits": edits, "seed": seed, "actions": actions or PROGRAM}
    return at_the_door(process.url, "people", asked)["done"]  # type: ignore[index,call-overload,no-any-return]


def shown(connector: SqlConnector | FilesConnector, resource: str) -> dict[str, Any]:
    return {key: msgspec.json.decode(raw) for key, raw in everything(connector, resource).items()}


def dumped(process: Process, resource: str) -> list[Mapping[str, Any]]:
    return at_the_door(process.url, f"dump/{resource}")["data"]  # type: ignore[index,call-overload,no-any-return]


def test_an_order_goes_from_the_hub_to_the_customer(warehouse: Process, tmp_path: Path) -> None:
    with tables(tmp_path) as connector, drop(tmp_path) as folder:
        article = next(row for row in shown(connector, "stock").values() if row["on_hand"] >= "3" and row["on_hand"])
        order = {
            "ext_order_no": "O-2026-000001", "site_code": article["site_code"], "ship_name": "Maple Ltd", "prio": 1,
            "lines": [{"line_no": 1, "article_no": article["article_no"], "qty": "1"}],
        }  # fmt: skip
        key = create(connector, "fulfilment_orders", order).key
        before = float(shown(connector, "stock")[article["stock_id"]]["on_hand"])
        work(warehouse, 60, "pick")
        work(warehouse, 60, "ship")
        (shipment,) = [one for one in shown(connector, "shipments").values() if one["fo_id"] == int(key)]
        work(warehouse, 60, "deliver")

        assert shown(connector, "fulfilment_orders")[key]["status"] == "shipped"
        assert [line["qty"] for line in shipment["lines"]] == ["1"]
        assert re.fullmatch(r"\d{12}", shipment["tracking_no"])
        assert float(shown(connector, "stock")[article["stock_id"]]["on_hand"]) < before
        delivered = shown(folder, "deliveries")[shipment["shipment_no"]]
        assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d", delivered["delivered"])


def test_what_was_reserved_for_a_cancelled_order_is_free_again(warehouse: Process, tmp_path: Path) -> None:
    with tables(tmp_path) as connector:
        before = {key: row["reserved"] for key, row in shown(connector, "stock").items()}
        picking = [key for key, row in shown(connector, "fulfilment_orders").items() if row["status"] == "picking"]
        assert picking == []
        (picked,) = work(warehouse, 1, "pick")
        assert {key: row["reserved"] for key, row in shown(connector, "stock").items()} != before
        written(connector, "fulfilment_orders", [Item(ref=1, op=Op.ARCHIVE, key=str(picked["id"]))])
        with sqlite3.connect(tmp_path / "warehouse.sqlite") as database:
            database.execute("UPDATE fulfilment_orders SET status = 'cancelled' WHERE status = 'new'")
        work(warehouse, 1, "pick")

        assert {key: row["reserved"] for key, row in shown(connector, "stock").items()} == before


def test_only_what_sales_has_confirmed_is_picked_and_what_it_cancels_is_free_again(
    warehouse: Process, tmp_path: Path
) -> None:
    with tables(tmp_path) as connector:
        work(warehouse, 60, "pick")
        work(warehouse, 60, "ship")
        article = next(row for row in shown(connector, "stock").values() if float(row["on_hand"]) >= 50)
        before = {key: row["reserved"] for key, row in shown(connector, "stock").items()}
        order = {
            "ext_order_no": "O-2026-000002", "site_code": article["site_code"], "ship_name": "Maple Ltd", "prio": 1,
            "sales_state": "open", "lines": [{"line_no": 1, "article_no": article["article_no"], "qty": "1"}],
        }  # fmt: skip
        key = create(connector, "fulfilment_orders", order).key
        statuses = []
        for state in ("open", "confirmed", "cancelled"):
            with sqlite3.connect(tmp_path / "warehouse.sqlite") as database:
                database.execute("UPDATE fulfilment_orders SET sales_state = ? WHERE fo_id = ?", (state, key))
            work(warehouse, 1, "pick")
            statuses.append(shown(connector, "fulfilment_orders")[key]["status"])

        assert statuses == ["new", "picking", "cancelled"]
        assert {key: row["reserved"] for key, row in shown(connector, "stock").items()} == before


def test_nothing_of_the_stock_gets_lost(warehouse: Process, tmp_path: Path) -> None:
    """What is on hand is what was there, and what came, without what went."""
    start_of = {row["stock_id"]: row["on_hand"] for row in dumped(warehouse, "stock")}
    gone_before = {row["shipment_no"] for row in dumped(warehouse, "shipments")}
    for purchase in dumped(warehouse, "purchase_orders"):
        for line in purchase["lines"]:
            start_of[f"{purchase['site_code']}:{line['article_no']}"] -= line["received"]
    work(warehouse, 200, "pick", "ship", "buy", "receive", seed=2)

    for shipment in dumped(warehouse, "shipments"):
        for line in shipment["lines"] if shipment["shipment_no"] not in gone_before else []:
            start_of[f"{shipment['site_code']}:{line['article_no']}"] -= line["qty"]
    for purchase in dumped(warehouse, "purchase_orders"):
        for line in purchase["lines"]:
            start_of[f"{purchase['site_code']}:{line['article_no']}"] += line["received"]
    assert {row["stock_id"]: row["on_hand"] for row in dumped(warehouse, "stock")} == start_of
    assert all(row["on_hand"] >= row["reserved"] >= 0 for row in dumped(warehouse, "stock"))
    assert any(row["status"] == "received" for row in dumped(warehouse, "purchase_orders"))


def test_no_change_is_missed_although_stamps_and_commits_differ_in_order(warehouse: Process, tmp_path: Path) -> None:
    """What incremental reads have seen in all is what the tables hold, and some changes did come late."""
    with tables(tmp_path) as connector:
        names = list(RESOURCES)
        seen = {name: shown(connector, name) for name in names}
        cursors = {name: last_cursor(connector, name, None) for name in names}
        late = 0
        for round_ in range(40):
            done = work(warehouse, 8, "edit", "pick", "ship", "buy", "receive", seed=100 + round_)
            assert done
            for name in names:
                for page in connector.list(name, cursors[name]):
                    for key, raw, stamp in zip(page.keys, page.raws, page.stamps or [], strict=True):
                        late += stamp < cursors[name].stamp and seen[name].get(key) != msgspec.json.decode(raw)
                        seen[name][key] = msgspec.json.decode(raw)
                    cursors[name] = page.cursor or cursors[name]

        assert seen == {name: shown(connector, name) for name in names}
        assert late > 0


def test_the_hub_and_the_program_write_at_the_same_time_and_both_are_kept(tmp_path: Path) -> None:
    with (
        start("warehouse", data=tmp_path, size=60, options=["--orders", "20", "--every", "0.02"]) as process,
        tables(tmp_path) as connector,
    ):
        keys = [
            create(connector, "fulfilment_orders", {
                "ext_order_no": f"O-{number}", "ship_name": "Maple Ltd", "prio": 1,
                "lines": [{"line_no": 1, "article_no": "A100001", "qty": "1"}],
            }).key
            for number in range(60)
        ]  # fmt: skip
        held = shown(connector, "fulfilment_orders")
        worked = at_the_door(process.url, "stats")["records"]["shipments"]  # type: ignore[index,call-overload]

    assert len(set(keys)) == 60
    assert {held[key]["ext_order_no"] for key in keys} == {f"O-{number}" for number in range(60)}
    assert worked > 0


def test_the_same_goods_and_sales_are_known_here_under_numbers_of_its_own(warehouse: Process, tmp_path: Path) -> None:
    with start("crm", data=tmp_path / "crm", size=60) as crm, tables(tmp_path) as connector:
        products = dumped(crm, "products")
        orders = {one["number"]: one for one in dumped(crm, "orders")}
        skus = {one["id"]: one["sku"] for one in products}
        articles = shown(connector, "articles")
        ours = shown(connector, "fulfilment_orders")

    assert {one["ext_item_no"] for one in articles.values()} == set(skus.values())
    assert len(ours) == 20
    for one in ours.values():
        lines = [(skus[line["product_id"]], line["quantity"]) for line in orders[one["ext_order_no"]]["lines"]]
        assert [(articles[line["article_no"]]["ext_item_no"], line["qty"]) for line in one["lines"]] == lines


def test_half_files_and_bad_rows_hide_nothing(warehouse: Process, tmp_path: Path) -> None:
    at_the_door(warehouse.url, "faults", {"half_file": 1.0, "bad_row": 0.5})
    work(warehouse, 60, "pick")
    work(warehouse, 60, "ship")
    work(warehouse, 60, "deliver")
    work(warehouse, 3, "list_suppliers")
    with drop(tmp_path) as folder:
        deliveries, suppliers = shown(folder, "deliveries"), shown(folder, "suppliers")
        pages = list(folder.list("deliveries", None))

    written = {path.suffix for path in (tmp_path / "drop").iterdir()}
    shipped = {row["shipment_no"] for row in dumped(warehouse, "shipments")}
    assert ".part" in written
    assert set(deliveries) == shipped
    assert {row["supplier_no"] for row in dumped(warehouse, "suppliers")} == set(suppliers)
    assert sum(len(page.broken) for page in pages) > 0


def test_who_is_not_on_the_list_any_more_is_no_supplier(warehouse: Process, tmp_path: Path) -> None:
    work(warehouse, 1, "list_suppliers")
    with drop(tmp_path) as folder:
        before = shown(folder, "suppliers")
        gone = sorted(before)[3]
        at_the_door(
            warehouse.url, "people", {"edits": 1, "resource": "suppliers", "actions": ["archive"], "ids": [gone]}
        )
        work(warehouse, 1, "list_suppliers")
        after = shown(folder, "suppliers")

    assert set(before) - set(after) == {gone}
    assert all(one["lead_days"].isdecimal() for one in before.values())


def test_a_killed_warehouse_comes_back_with_what_it_had(tmp_path: Path) -> None:
    with start("warehouse", data=tmp_path, size=60, options=["--orders", "20"]) as process:
        work(process, 30)
        before = {name: dumped(process, name) for name in RESOURCES}
        process.kill()
    with start("warehouse", data=tmp_path, size=60) as again:
        after = {name: dumped(again, name) for name in RESOURCES}
        work(again, 10)

    assert before == after


def test_people_do_the_same_with_the_same_seed(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "two"):
        with start("warehouse", data=tmp_path / name, size=60) as process:
            done = at_the_door(process.url, "people", {"edits": 60, "seed": 5})["done"]  # type: ignore[index,call-overload]
        seen.append([(one["action"], one["resource"], one["id"], one["fields"]) for one in done])

    assert seen[0] == seen[1]
    assert len(seen[0]) == 60


def test_the_tables_fit_postgresql_too() -> None:
    with postgres_server() as server:
        url = server.new_database()
        with psycopg.connect(url, autocommit=True) as connection:
            for _ in range(2):
                for statement in schema("postgresql"):
                    connection.execute(statement.encode())
            made = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            names = {name for (name,) in made}
        server.drop(url)
    with closing(sqlite3.connect(":memory:")) as light:
        for statement in schema("sqlite"):
            light.execute(statement)
        same = {name for (name,) in light.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    assert names == same - {"sqlite_sequence"}
