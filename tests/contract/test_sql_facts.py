"""What the sql connector promises beyond the kit: late commits, locks, lines, lost answers, strange schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.connectors.protocols.sql import open_sql
from syncline.connectors.protocols.sql_connector import SqlConnector
from syncline.env import RealEnv
from syncline.errors import SetupError
from syncline.model.page import Cursor, Gone, Item, Op, Outcome, Record
from syncline.testing.connector_steps import create, decoded, everything, last_cursor, new_item, update, written
from tests.contract.mariadb_server import MariaServer, mariadb_server
from tests.contract.sql_databases import Business, in_mariadb, in_postgres, in_sqlite
from tests.contract.sql_kit import CUSTOMERS, ORDERS, opened
from tests.processes.lossy_postgres import lossy_postgres
from tests.processes.postgres_server import PostgresServer, postgres_server

NO_LAG = {**CUSTOMERS, "contract": {"precision": 0, "lag": 0, "effect": 5, "skew": 0}}


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaServer]:
    with mariadb_server() as server:
        yield server


@pytest.fixture
def in_pg(postgres: PostgresServer) -> Iterator[Business]:
    with in_postgres(postgres) as business:
        yield business


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def business(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Business]:
    """Each kind of database in turn."""
    if request.param == "sqlite":
        made = in_sqlite(tmp_path)
    elif request.param == "mariadb":
        made = in_mariadb(request.getfixturevalue("mariadb"))
    else:
        made = in_postgres(request.getfixturevalue("postgres"))
    with made as found:
        yield found


def listed(connector: SqlConnector, resource: str, since: Cursor | None) -> set[str]:
    return {key for page in connector.list(resource, since) for key in page.keys}


# --- late commits -----------------------------------------------------------------------------------------------------


@contextmanager
def late_commit(business: Business, connector: SqlConnector) -> Iterator[tuple[str, Cursor]]:
    """A row that is stamped, then passed by a scan that saw a younger one; committed at the end of the block."""
    late, early = (create(connector, "customers", {"name": name}).key for name in ("late", "early"))
    last_cursor(connector, "customers", None)
    with business.session() as (connection, cursor):
        cursor.execute(business.spelled("UPDATE customers SET name = 'late edit' WHERE id = ?"), (late,))
        _await_next_second(business)
        business.run("UPDATE customers SET name = 'early edit' WHERE id = ?", early)
        yield late, last_cursor(connector, "customers", None)
        connection.commit()


def _await_next_second(business: Business) -> None:
    """MariaDB tells the ages of transactions in whole seconds."""
    begun, env = RealEnv().now(), RealEnv()
    while business.kind == "mariadb" and (env.now() - begun).total_seconds() < 1.2:
        business.run("SELECT 1")


@pytest.mark.parametrize("business", ["postgresql", "mariadb"], indirect=True)
def test_a_row_that_commits_late_with_an_older_stamp_is_not_missed(business: Business) -> None:
    with opened(business, {"customers": NO_LAG}) as connector:
        with late_commit(business, connector) as (late, cursor):
            assert "late edit" not in str(everything(connector, "customers")[late])

        assert late in listed(connector, "customers", cursor)


def test_without_the_fence_and_with_too_short_a_lag_it_would_be_missed(in_pg: Business) -> None:
    """The test above can fail: this is what it holds off."""
    unfenced = {**NO_LAG, "since": {"column": "updated_at", "fence": "lag"}}
    with opened(in_pg, {"customers": unfenced}) as connector:
        with late_commit(in_pg, connector) as (late, cursor):
            pass

        assert late not in listed(connector, "customers", cursor)


def test_a_lag_that_is_long_enough_needs_no_fence(in_pg: Business) -> None:
    unfenced = {**NO_LAG, "since": {"column": "updated_at", "fence": "lag"}, "contract": {"lag": 60}}
    with opened(in_pg, {"customers": unfenced}) as connector:
        with late_commit(in_pg, connector) as (late, cursor):
            pass

        assert late in listed(connector, "customers", cursor)


def test_an_account_that_may_not_see_transactions_is_told_what_it_lacks(
    postgres: PostgresServer, in_pg: Business
) -> None:
    postgres.execute("REVOKE pg_read_all_stats FROM hub")
    try:
        with opened(in_pg, {"customers": NO_LAG}) as connector, in_pg.session() as (_, cursor):
            cursor.execute("SELECT 1")

            assert "GRANT pg_read_all_stats" in connector.check()
    finally:
        postgres.execute("GRANT pg_read_all_stats TO hub")


def test_a_standby_says_that_it_does_not_show_the_transactions_of_its_primary(
    postgres: PostgresServer, in_pg: Business
) -> None:
    signal = postgres.folder / "standby.signal"
    signal.touch()
    try:
        postgres.restart("fast")
        with opened(in_pg, {"customers": NO_LAG}) as connector:
            assert "the server is a standby" in connector.check()
    finally:
        signal.unlink()
        postgres.restart("fast")


# --- writes -----------------------------------------------------------------------------------------------------------


def test_an_edit_in_any_column_makes_our_version_stale(business: Business) -> None:
    with opened(business, {"customers": CUSTOMERS}) as connector:
        receipt = create(connector, "customers", {"name": "Acme", "credit": "10"})
        business.run("UPDATE customers SET credit = 11 WHERE id = ?", receipt.key)

        stale = update(connector, "customers", receipt.key, {"name": "Acme Ltd"}, receipt.version)

        assert stale.outcome is Outcome.STALE
        assert decoded(connector, "customers", receipt.key)["name"] == "Acme"


def test_a_version_column_of_the_table_is_used_and_counted(in_pg: Business) -> None:
    in_pg.run("ALTER TABLE customers ADD COLUMN revision integer NOT NULL DEFAULT 1")
    with opened(in_pg, {"customers": {**CUSTOMERS, "version": "revision", "counts": True}}) as connector:
        first = create(connector, "customers", {"name": "Acme"})
        second = update(connector, "customers", first.key, {"name": "Acme Ltd"}, first.version)
        third = update(connector, "customers", first.key, {"name": "Acme AG"}, first.version)

    assert (first.version, second.version) == ("1", "2")
    assert (second.outcome, third.outcome) == (Outcome.DONE, Outcome.STALE)


def test_a_row_that_somebody_has_locked_is_busy_and_untouched(business: Business) -> None:
    with opened(business, {"customers": CUSTOMERS}, lock_timeout=1) as connector:
        key = create(connector, "customers", {"name": "Acme"}).key
        item = Item(ref=1, op=Op.UPDATE, key=key, fields={"name": "Ours"})
        with business.session() as (connection, cursor):
            cursor.execute(business.spelled("UPDATE customers SET name = 'Theirs' WHERE id = ?"), (key,))
            receipt = written(connector, "customers", [item])[0]
            connection.commit()

        assert receipt.outcome is Outcome.BUSY
        assert receipt.wait > 0
        assert decoded(connector, "customers", key)["name"] == "Theirs"


def test_of_a_hundred_records_the_bad_ones_alone_are_refused(business: Business) -> None:
    items = [new_item({"name": f"Number {n}", "credit": "200000000" if n in (17, 18, 99) else "1"}) for n in range(100)]
    items = [msgspec.structs.replace(item, ref=n) for n, item in enumerate(items)]
    with opened(business, {"customers": CUSTOMERS}) as connector:
        receipts = {receipt.ref: receipt for receipt in written(connector, "customers", items)}
        shown = everything(connector, "customers")

    assert {n for n, one in receipts.items() if one.outcome is Outcome.REFUSED} == {17, 18, 99}
    assert {one.key for one in receipts.values() if one.outcome is Outcome.DONE} == shown.keys()


def test_a_constraint_that_is_looked_at_only_at_the_commit_refuses_its_record_alone(in_pg: Business) -> None:
    in_pg.run("ALTER TABLE customers ADD UNIQUE (name) DEFERRABLE INITIALLY DEFERRED")
    items = [msgspec.structs.replace(new_item({"name": name}), ref=n) for n, name in enumerate(("A", "B", "A", "C"))]
    with opened(in_pg, {"customers": CUSTOMERS}) as connector:
        receipts = {receipt.ref: receipt.outcome for receipt in written(connector, "customers", items)}

    assert sorted(receipts.values()) == [Outcome.DONE] * 3 + [Outcome.REFUSED]
    assert receipts[1] is receipts[3] is Outcome.DONE


def test_a_commit_whose_answer_is_lost_is_a_doubt_and_the_record_is_found_by_its_marker(
    postgres: PostgresServer, in_pg: Business
) -> None:
    with lossy_postgres(postgres) as way:
        name = in_pg.url.rpartition("/")[2]
        options = {"user": "postgres", "tls": {"mode": "off"}}
        lossy = replace(in_pg, url=f"postgresql://127.0.0.1:{way.port}/{name}", options=options)
        with opened(lossy, {"customers": CUSTOMERS}) as connector:
            create(connector, "customers", {"name": "before"})
            way.lose = 1
            item = new_item({"name": "in doubt"}, marker="hub-1")
            receipt = written(connector, "customers", [item])[0]

            assert (receipt.outcome, way.lost) == (Outcome.DOUBT, 1)
            found = connector.search("customers", "", "hub-1")
            assert [decoded(connector, "customers", record.key)["name"] for record in found] == ["in doubt"]
            again = written(connector, "customers", [item])[0]
            assert (again.outcome, again.key) == (Outcome.DONE, found[0].key)


def test_values_that_look_like_sql_are_values(business: Business) -> None:
    texts = ["'; DROP TABLE customers; --", '" OR 1=1', "%s %(name)s :name ?", "\\'; --", "1) UNION SELECT 1", "${x}"]
    with opened(business, {"customers": CUSTOMERS}) as connector:
        keys = [create(connector, "customers", {"name": text}, marker=text).key for text in texts]

        assert [decoded(connector, "customers", key)["name"] for key in keys] == texts
        for text, key in zip(texts, keys, strict=True):
            assert [record.key for record in connector.search("customers", "", text)] == [key]
            assert [record.key for record in connector.search("customers", "name", text)] == [key]


def test_a_field_that_the_table_does_not_have_is_refused_by_its_name(business: Business) -> None:
    with opened(business, {"customers": CUSTOMERS}) as connector:
        receipt = written(connector, "customers", [new_item({"name": "A", 'x" = 1; --': 1})])[0]

    assert receipt.outcome is Outcome.REFUSED
    assert "has no column" in receipt.message


# --- lines ------------------------------------------------------------------------------------------------------------


def lines_of(connector: SqlConnector, key: str) -> list[dict[str, Any]]:
    shown = decoded(connector, "orders", key)["lines"]
    assert isinstance(shown, list)
    return shown


def test_lines_are_compared_and_only_the_difference_is_written(business: Business) -> None:
    with opened(business, {"orders": ORDERS}) as connector:
        key = create(connector, "orders", {"note": "three", "lines": [
            {"product": "Bolt", "quantity": "1"}, {"product": "Nut", "quantity": "2"},
            {"product": "Pin", "quantity": "3"},
        ]}).key  # fmt: skip
        bolt, nut, pin = lines_of(connector, key)
        version = connector.get("orders", [key])[0].version  # type: ignore[union-attr]

        kept = [{**nut, "quantity": "2.5"}, pin, {"product": "Washer", "quantity": "4"}]
        receipt = update(connector, "orders", key, {"lines": kept}, version)

        assert receipt.outcome is Outcome.DONE, receipt.message
        after = lines_of(connector, key)
        assert [(one["product"], float(one["quantity"])) for one in after] == [("Nut", 2.5), ("Pin", 3), ("Washer", 4)]
        assert [one["id"] for one in after[:2]] == [nut["id"], pin["id"]]
        assert after[1] == pin
        assert bolt["id"] not in [one["id"] for one in after]


def test_a_bad_line_refuses_its_order_and_leaves_nothing_of_it(business: Business) -> None:
    bad = {"note": "bad", "lines": [{"product": "Bolt", "quantity": "1"}, {"product": "Nut", "quantity": "-1"}]}
    with opened(business, {"orders": ORDERS}) as connector:
        receipt = written(connector, "orders", [new_item(bad)])[0]

        assert receipt.outcome is Outcome.REFUSED
        assert everything(connector, "orders") == {}
    assert business.run("SELECT count(*) FROM order_lines") == [(0,)]


def test_a_change_of_a_line_shows_its_order_and_makes_our_version_stale(business: Business) -> None:
    zone = "Europe/Berlin" if business.kind == "postgresql" else "UTC"
    with opened(
        business, {"orders": {**ORDERS, "contract": {"lag": 0, "precision": 0.001, "skew": 0}}}, zone=zone
    ) as hub:
        keys = [create(hub, "orders", {"note": n, "lines": [{"product": "Nut", "quantity": "1"}]}).key for n in "abc"]
        cursor, version = last_cursor(hub, "orders", None), hub.get("orders", [keys[0]])[0].version
        business.run("UPDATE order_lines SET quantity = 9 WHERE order_id = ?", keys[0])

        assert keys[0] in listed(hub, "orders", cursor)
        assert update(hub, "orders", keys[0], {"note": "x"}, version).outcome is Outcome.STALE


# --- deletes ----------------------------------------------------------------------------------------------------------

SOFT: Mapping[str, Any] = {
    "table": "customers",
    "since": {"column": "updated_at"},
    "deleted": {"column": "deleted_at"},
    "writes": {"create": True, "update": True, "delete": "soft"},
    "contract": {"lag": 0, "skew": 0, "precision": 0.001},
}


def test_a_soft_delete_keeps_the_row_and_is_told_by_the_next_list(business: Business) -> None:
    with opened(business, {"customers": SOFT}) as connector:
        key, other = (create(connector, "customers", {"name": name}).key for name in "ab")
        cursor = last_cursor(connector, "customers", None)
        receipt = written(connector, "customers", [Item(ref=1, op=Op.DELETE, key=key)])[0]

        pages = list(connector.list("customers", cursor))
        assert receipt.outcome is Outcome.DONE
        assert [one for page in pages for one in page.tombstones] == [key]
        assert connector.get("customers", [key, other])[0] == Gone(key=key)
        assert listed(connector, "customers", None) == {other}
    assert business.run("SELECT count(*) FROM customers WHERE deleted_at IS NOT NULL") == [(1,)]


def test_only_rows_of_the_configured_company_take_part(business: Business) -> None:
    scoped = {**CUSTOMERS, "where": {"active": True}}
    with opened(business, {"customers": scoped}) as connector:
        key = create(connector, "customers", {"name": "ours"}).key
        business.run("UPDATE customers SET active = (1 = 0) WHERE id = ?", key)

        assert connector.get("customers", [key]) == [Gone(key=key)]
        assert listed(connector, "customers", None) == set()
        item = Item(ref=1, op=Op.UPDATE, key=key, fields={"name": "not ours"})
        assert written(connector, "customers", [item])[0].outcome is Outcome.GONE


# --- schemas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"table": "custmers"}, "no table custmers"),
        ({"table": 'customers"; DROP TABLE orders; --'}, "no table"),
        ({"key": "credit_limit"}, "key credit_limit is no column"),
        ({"since": {"column": "name"}}, "holds no times"),
        ({"marker": {"column": "name", "unique": True}}, "no unique constraint"),
        ({"search": ["mail"]}, "there is no column mail"),
        ({"deleted": {"column": "active"}, "writes": {"delete": "soft"}}, "deleted.equals is missing"),
        ({"lines": {"orders": {"table": "orders", "parent": "customer"}}}, "lines.orders.there is no column customer"),
    ],
)
def test_options_that_do_not_fit_the_tables_are_told_by_a_check(
    in_pg: Business, wrong: Mapping[str, object], told: str
) -> None:
    resource = {"table": "customers", **wrong}
    with opened(in_pg, {"customers": resource}) as connector, pytest.raises(SetupError, match=told) as caught:
        connector.check()

    assert caught.value.cure


def test_bytes_are_refused_until_somebody_says_how_they_are_shown(in_pg: Business) -> None:
    in_pg.run("ALTER TABLE customers ADD COLUMN photo bytea, ADD COLUMN at inet, ADD COLUMN facts jsonb")
    with opened(in_pg, {"customers": CUSTOMERS}) as connector, pytest.raises(SetupError, match="photo holds bytes"):
        connector.check()
    with opened(in_pg, {"customers": {**CUSTOMERS, "binary": "base64"}}) as connector:
        odd = {"photo": "AAH/", "at": "10.0.0.7", "facts": {"size": [1, 2], "ü": None}}
        key = create(connector, "customers", {"name": "A", **odd}).key

        shown = decoded(connector, "customers", key)
        assert {name: shown[name] for name in odd} == {**odd, "at": "10.0.0.7/32"}


def test_a_row_that_cannot_be_shown_stands_alone(in_pg: Business) -> None:
    """A date beyond what programs know, among rows that are fine."""
    with opened(in_pg, {"customers": CUSTOMERS}) as connector:
        keys = [create(connector, "customers", {"name": f"Number {n}"}).key for n in range(8)]
        in_pg.run("UPDATE customers SET met_at = 'infinity' WHERE id = ?", keys[3])
        pages = list(connector.list("customers", None))

    assert {key for page in pages for key in page.keys} == {*keys} - {keys[3]}
    assert [key for page in pages for key, _ in page.broken] == [keys[3]]


def test_a_record_that_is_too_long_stands_alone(business: Business) -> None:
    with opened(business, {"customers": CUSTOMERS}, record_limit=400) as connector:
        keys = [create(connector, "customers", {"name": name}).key for name in ("short", "x" * 450, "short too")]
        pages = list(connector.list("customers", None))

    assert {key for page in pages for key in page.keys} == {keys[0], keys[2]}
    assert [key for page in pages for key, _ in page.broken] == [keys[1]]


def test_a_statement_that_takes_too_long_is_ended(in_pg: Business) -> None:
    in_pg.run("CREATE VIEW slow AS SELECT id, name, pg_sleep(30)::text AS slept FROM customers")
    in_pg.run("GRANT SELECT ON slow TO hub")
    with opened(in_pg, {"slow": {"table": "slow", "key": "id"}, "customers": CUSTOMERS}, timeout=1) as connector:
        create(connector, "customers", {"name": "A"})
        begun = RealEnv().monotonic()
        with pytest.raises(Exception, match="took too long"):
            list(connector.list("slow", None))

    assert RealEnv().monotonic() - begun < 10


def test_a_missing_driver_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncline.connectors.protocols.sql.find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"pip install 'syncline\[sql\]'"):
        open_sql("erp", {"url": "sqlite:///x.db", "resources": {"a": {"table": "a"}}}, RealEnv())


def test_records_of_an_empty_page_are_no_error(business: Business) -> None:
    with opened(business, {"customers": CUSTOMERS}) as connector:
        assert connector.get("customers", []) == []
        assert everything(connector, "customers") == {}
        assert not isinstance(connector.get("customers", ["1"])[0], Record)


# --- exact values -----------------------------------------------------------------------------------------------------


def test_a_number_inside_json_keeps_all_its_digits(in_pg: Business) -> None:
    exact = "12345678901234567.25"
    in_pg.run("ALTER TABLE customers ADD COLUMN facts jsonb, ADD COLUMN said json")
    with opened(in_pg, {"customers": CUSTOMERS}) as connector:
        key = create(connector, "customers", {"name": "A"}).key
        in_pg.run("UPDATE customers SET facts = ?::jsonb, said = ?::json", f'{{"a": [{exact}]}}', f' {{"b" :{exact}}}')

        record = connector.get("customers", [key])[0]

    assert isinstance(record, Record)
    assert f'"facts":{{"a":[{exact}]}},"said":{{"b":{exact}}}' in record.raw.decode()


def test_lines_that_a_person_has_changed_are_not_overwritten_where_a_column_counts_versions(business: Business) -> None:
    business.run("ALTER TABLE orders ADD COLUMN revision integer NOT NULL DEFAULT 1")
    counting = {**ORDERS, "version": "revision", "counts": True}
    with opened(business, {"orders": counting}) as connector:
        key = create(connector, "orders", {"note": "a", "lines": [{"product": "Nut", "quantity": "1"}]}).key
        version = connector.get("orders", [key])[0].version  # type: ignore[union-attr]
        business.run("UPDATE order_lines SET quantity = 9")
        late = update(connector, "orders", key, {"lines": [{"product": "Nut", "quantity": "2"}]}, version)
        assert late.outcome is Outcome.STALE

        version = connector.get("orders", [key])[0].version  # type: ignore[union-attr]
        done = update(connector, "orders", key, {"lines": [{"product": "Nut", "quantity": "2"}]}, version)
        assert (done.outcome, done.message) == (Outcome.DONE, "")
        assert done.version != version
        same = connector.get("orders", [key])[0].version  # type: ignore[union-attr]
        assert same == done.version
    assert business.run("SELECT revision FROM orders") == [(2,)]


# --- tables without transactions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["customers", "order_lines"])
@pytest.mark.parametrize("business", ["mariadb"], indirect=True)
def test_a_table_without_transactions_is_read_and_never_written(business: Business, table: str) -> None:
    if table == "order_lines":
        business.run("ALTER TABLE order_lines DROP FOREIGN KEY order_lines_ibfk_1")
    business.run(f"ALTER TABLE {table} ENGINE = MyISAM")
    name, resource = ("customers", CUSTOMERS) if table == "customers" else ("orders", ORDERS)
    with opened(business, {name: resource}) as connector, pytest.raises(SetupError, match=f"{table} is kept by MyISAM"):
        written(connector, name, [new_item({"name": "A"})])
    with opened(business, {name: {**resource, "writes": {}}}) as connector:
        assert everything(connector, name) == {}


def test_a_time_of_change_that_no_program_knows_stands_alone(in_pg: Business) -> None:
    with opened(in_pg, {"customers": CUSTOMERS}, page=3) as connector:
        keys = [create(connector, "customers", {"name": f"Number {n}"}).key for n in range(8)]
        cursor = last_cursor(connector, "customers", None)
        in_pg.run("ALTER TABLE customers DISABLE TRIGGER stamp")
        in_pg.run("UPDATE customers SET updated_at = 'infinity' WHERE id IN (?, ?, ?, ?)", *keys[:4])
        for since in (None, cursor):
            pages = list(connector.list("customers", since))

            assert {key for page in pages for key in page.keys} == {*keys[4:]}
            assert {key for page in pages for key, _ in page.broken} == {*keys[:4]}


def test_a_key_that_two_rows_can_share_is_refused(business: Business) -> None:
    for key, told in (("name", "not unique"), ("email", "not unique and not null")):
        resource = {"table": "customers", "key": key}
        with opened(business, {"customers": resource}) as connector, pytest.raises(SetupError, match=told):
            connector.check()
    business.run("CREATE TABLE sites (code varchar(9) NOT NULL UNIQUE, name varchar(9))")
    business.run("CREATE VIEW shown AS SELECT name, email FROM customers")
    if business.kind == "postgresql":
        business.run("CREATE MATERIALIZED VIEW kept AS SELECT name, email FROM customers")
        business.run("GRANT SELECT ON sites, shown, kept TO hub")
    if business.kind == "mariadb":
        business.run("GRANT SHOW VIEW ON shown TO hub@'127.0.0.1'")
    views = ("shown", "kept") if business.kind == "postgresql" else ("shown",)
    resources = {"sites": {"table": "sites", "key": "code"}, **{one: {"table": one, "key": "name"} for one in views}}
    with opened(business, resources) as connector:
        assert f"{len(resources)} tables" in connector.check()
