"""Options of the sql connector: every problem at once, nothing of a secret, no driver by URL."""

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from syncline.connectors.protocols.sql import SPEC
from syncline.connectors.protocols.sql_checks import read_sql_options
from syncline.connectors.protocols.sql_connector import contract_of
from syncline.connectors.protocols.sql_errors import Verdict, verdict_of
from syncline.connectors.protocols.sql_options import SqlResource
from syncline.errors import OptionsError
from syncline.model.contract import Deletes, Locking, ReadBack

ONE = {"customers": {"table": "customers"}}


def problems(**given):
    with pytest.raises(OptionsError) as caught:
        read_sql_options("erp", {"url": "sqlite:///a.db", "resources": ONE, **given})
    assert all(one.cure for one in caught.value.problems if "unknown" not in one.what)
    return {one.option.removeprefix("systems.erp.") for one in caught.value.problems}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://db/x",
        "h2:mem:x;INIT=RUNSCRIPT FROM 'http://x'",
        "mysql://db/x?local_infile=1",
        "postgresql://db/x?sslmode=disable",
        "postgresql://169.254.169.254/x",
        "postgresql://db:0/x",
        "postgresql://db/",
        "postgresql:///x",
        "sqlite://host/x.db",
        "oracle://db/x",
        "http://db/x",
    ],
)
def test_a_url_that_leads_elsewhere_is_refused(url):
    assert problems(url=url) == {"url"}


def test_every_problem_is_told_at_once():
    resources = {
        "a": {"table": "x.y.z"},
        "b": {"table": "b", "writes": {"delete": "soft"}, "counts": True},
        "c": {
            "table": "c",
            "lines": {"n": {"table": "..", "parent": "p"}},
            "contract": {"normalisers": {"f": "shrink"}},
        },
    }

    assert problems(url="mysql://db/x", zone="Mars/Base", resources=resources, tls={"cert_file": "a"}) == {
        "zone", "tls", "resources.a.table", "resources.b.deleted", "resources.b.version", "resources.c.lines.n.table",
        "resources.c.contract.normalisers.f",
    }  # fmt: skip


def test_unknown_and_ill_typed_options_are_told_by_their_names():
    assert problems(page="many", batchsize=3) == {"page", "batchsize"}
    assert problems(page=0, resources={"a": {"tabel": "x"}}) == {"page", "resources.a.tabel", "resources.a.table"}


def test_no_secret_is_shown():
    given = {"url": "postgresql://hub:canary@db/x", "password": "canary2", "resources": ONE}

    options = read_sql_options("erp", given)

    assert "canary" not in repr(options) + options.place
    assert options.account == ("hub", "canary2")


def test_the_contract_claims_what_is_configured_and_no_more():
    options = read_sql_options("erp", {"url": "sqlite:///a.db", "resources": ONE, "timeout": 7})
    plain = contract_of(SqlResource(table="t"), options)

    assert (plain.incremental, plain.stamped, plain.creatable, plain.deletable, plain.archivable) == (False,) * 5
    assert (plain.marker, plain.marker_unique, plain.searchable) == (False, False, frozenset())
    assert (plain.locking, plain.deletes, plain.read_back) == (Locking.ETAG, Deletes.SWEEP, ReadBack.BODY)
    assert plain.effect == 7


@pytest.mark.parametrize(
    ("more", "deletes"),
    [
        ({"since": {"column": "at"}}, Deletes.TOMBSTONES),
        ({"since": None}, Deletes.SWEEP),  # a whole read shows no row that is deleted
        ({"since": {"column": "at"}, "where": {"company": 1}}, Deletes.SWEEP),  # a row that leaves it tells nobody
        ({"tombstones": {"table": "t", "key": "k", "at": "at"}}, Deletes.TOMBSTONES),
        ({"tombstones": {"table": "t", "key": "k", "at": "at"}, "where": {"company": 1}}, Deletes.SWEEP),
        ({"where": {"company": 1}, "contract": {"deletes": "tombstones"}}, Deletes.TOMBSTONES),
    ],
)
def test_deletes_are_told_only_where_each_of_them_shows(more, deletes):
    resource = {"table": "customers", "deleted": {"column": "gone"}, **more}
    options = read_sql_options("erp", {"url": "sqlite:///a.db", "resources": {"customers": resource}})

    assert contract_of(options.resources["customers"], options).deletes is deletes


class SaidError(Exception):
    """What a driver raises."""

    def __init__(self, *args: object, sqlstate: str | None = None) -> None:
        super().__init__(*args)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (SaidError("x", sqlstate="23505"), Verdict.RECORD),
        (SaidError("x", sqlstate="P0001"), Verdict.RECORD),
        (SaidError("x", sqlstate="40P01"), Verdict.BUSY),
        (SaidError("x", sqlstate="57014"), Verdict.SLOW),
        (SaidError("x", sqlstate="42501"), Verdict.SETUP),
        (SaidError("x", sqlstate="57P01"), Verdict.LOST),
        (SaidError("x", sqlstate="08006"), Verdict.LOST),
        (SaidError(1062, "Duplicate entry"), Verdict.RECORD),
        (SaidError(4025, "CONSTRAINT failed"), Verdict.RECORD),
        (SaidError(1205, "Lock wait timeout"), Verdict.BUSY),
        (SaidError(1021, "Disk full"), Verdict.BUSY),
        (SaidError(1030, "Got error 28 from storage engine"), Verdict.BUSY),
        (SaidError(1114, "The table is full"), Verdict.BUSY),
        (SaidError(1206, "The total number of locks exceeds the lock table size"), Verdict.BUSY),
        (SaidError(1180, "Got error during COMMIT"), Verdict.LOST),
        (SaidError(3100, "Error on observer while running replication hook"), Verdict.LOST),
        (SaidError(1836, "Running in read-only mode"), Verdict.SETUP),
        (SaidError(1969, "Query execution was interrupted"), Verdict.SLOW),
        (SaidError(1045, "Access denied"), Verdict.SETUP),
        (SaidError(2013, "Lost connection"), Verdict.LOST),
        (SaidError("database is locked"), Verdict.BUSY),
        (SaidError("interrupted"), Verdict.SLOW),
        (SaidError("no such column: x"), Verdict.SETUP),
        (SaidError("unable to open database file"), Verdict.LOST),
        (SaidError('FATAL:  password authentication failed for user "hub"'), Verdict.SETUP),
        (SaidError("server closed the connection unexpectedly"), Verdict.LOST),
        (SaidError("SSL connection has been closed unexpectedly"), Verdict.LOST),
        (SaidError("SSL error: certificate verify failed"), Verdict.SETUP),
    ],
)
def test_what_an_error_means(said, verdict):
    error: DBAPIError = OperationalError("SELECT 1", {}, said)

    assert verdict_of(error) is verdict


def test_it_is_published():
    assert SPEC.name == "sql"
    assert "url" in str(SPEC.schema())
