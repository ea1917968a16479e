"""The SQLite store keeps every promise of the port, and says clearly what is wrong with its file."""

import os
from functools import partial

import apsw
import pytest

from syncline.errors import SetupError, StoreFailedError, TransientError
from syncline.model.state import Link, Stream
from syncline.store import open_store
from syncline.store.sqlite import SqliteSession
from syncline.testing.store_suite import StoreSuite

CRM = Stream("crm", "customer")

#: The page that was asked for, the parts of a union, and the newest page of the audit, which is found at its end.
WALKED = ("SCAN wanted", "SCAN carray", "SCAN waiting", "SCAN CONSTANT ROW", "SCAN audit")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "hub.db"


def url_of(path):
    return f"sqlite:///{path}"


def mark_as_newer(path):
    with apsw.Connection(str(path)) as connection:
        connection.execute("INSERT INTO migration VALUES (9999, 'from the future')")
    connection.close()


class TestSqliteStore(StoreSuite):
    @pytest.fixture
    def opening(self, path):
        return partial(open_store, url_of(path))

    @pytest.fixture
    def age(self, path):
        return partial(mark_as_newer, path)


def test_a_relative_path_is_taken_from_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    open_store("sqlite:///.syncline/acme.db").close()

    assert (tmp_path / ".syncline" / "acme.db").exists()


def test_a_script_runs_to_its_end_though_its_first_statement_answers(tmp_path):
    session = SqliteSession(str(tmp_path / "hub.db"), writable=True)

    session.script("PRAGMA journal_mode = WAL; CREATE TABLE made (n); INSERT INTO made VALUES (1)")
    session.close()

    with apsw.Connection(str(tmp_path / "hub.db")) as connection:
        assert connection.execute("SELECT n FROM made").fetchall() == [(1,)]
    connection.close()


def test_a_store_in_memory_begins_empty_every_time():
    for _ in range(2):
        store = open_store("sqlite:///:memory:")
        store.prepare([CRM])
        found = store.links(CRM, ["a"])
        with store.transaction() as changes:
            changes.insert_links(CRM, [Link(1, "a")])
        store.close()

        assert not found


@pytest.mark.parametrize("url", ["", "acme.db", "mysql://host/db", "sqlite:", "sqlite:///", "sqlite://host"])
def test_a_url_of_no_known_store_is_refused_with_the_cure(url):
    with pytest.raises(SetupError, match="Write sqlite:///"):
        open_store(url)


def test_a_reader_without_a_store_is_told_how_to_get_one(path):
    with pytest.raises(SetupError, match="There is no store"):
        open_store(url_of(path), lock=False)

    assert not path.parent.exists()


def test_every_commit_reaches_the_disk(path):
    store = open_store(url_of(path))

    ((synchronous,),) = store._session._connection.execute("PRAGMA synchronous")
    ((journal,),) = store._session._connection.execute("PRAGMA journal_mode")
    store.close()

    assert (synchronous, journal) == (2, "wal")


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused(path, content):
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(SetupError, match="damaged or no SQLite file"):
        open_store(url_of(path))
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_left_alone(path):
    path.parent.mkdir()
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE customer (id)")
    connection.close()
    content = path.read_bytes()

    with pytest.raises(SetupError, match="something else than a hub's state"):
        open_store(url_of(path))
    assert path.read_bytes() == content


def test_a_refused_store_is_free_for_the_next_try(path):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    with pytest.raises(SetupError):
        open_store(url_of(path))
    path.unlink()

    open_store(url_of(path)).close()


def test_a_folder_in_place_of_the_file_is_refused(path):
    path.mkdir(parents=True)

    with pytest.raises(SetupError, match="cannot be opened"):
        open_store(url_of(path))


def test_a_file_in_place_of_the_folder_is_refused(path):
    path.parent.write_text("")

    with pytest.raises(SetupError, match="cannot be made"):
        open_store(url_of(path))


def test_a_full_disk_undoes_the_transaction_and_says_so(path):
    store = open_store(url_of(path))
    store.prepare([CRM])
    store._session._connection.execute("PRAGMA max_page_count = 100")

    with pytest.raises(SetupError, match="no room left"), store.transaction() as changes:
        changes.insert_links(CRM, [Link(eid, "x" * 1000 + str(eid)) for eid in range(1, 1000)])
    with store.transaction() as changes:
        changes.insert_links(CRM, [Link(1, "a")])

    assert store.counts(CRM) == (0, 1)
    store.close()


def test_a_store_that_another_program_writes_to_is_tried_again_later(path):
    store = open_store(url_of(path))
    store._session._connection.set_busy_timeout(1)
    intruder = apsw.Connection(str(path))
    intruder.execute("BEGIN IMMEDIATE")

    with pytest.raises(TransientError, match="locked by another program"), store.transaction():
        pass
    intruder.execute("ROLLBACK")
    with store.transaction() as changes:
        assert changes.new_eids("customer", 1) == 1
    intruder.close()
    store.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_store_in_a_folder_that_is_read_only_is_refused(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(SetupError, match="cannot be made"):
        open_store(url_of(tmp_path / "hub.db"))


@pytest.mark.parametrize(
    "query",
    [
        "fingerprints",
        "links",
        "links_of",
        "entities",
        "each_entity",
        "each_link",
        "unseen",
        "links_with_delta",
        "unlinked",
        "matching",
        "cursor",
        "hints",
        "next_due",
        "next_due_of",
        "open_intents",
        "open_intents_of",
        "unsettled_in",
        "unsettled_of",
        "conflict",
        "frozen",
        "audit_head",
        "audit_pages",
        "audit_log",
        "audit_log_of",
        "aliases",
        "tombs",
        "documents",
        "update_entities",
        "update_links",
        "touch_links",
        "drop_links",
        "drop_matching",
        "drop_hints",
        "drop_unsettled",
        "drop_tombs",
    ],
)
def test_no_query_of_a_page_walks_through_a_whole_table(query):
    store = open_store("sqlite:///:memory:")
    store.prepare([CRM])
    session = store._session
    sql = session._fill(query, CRM)

    plan = [row[3] for row in session._connection.execute("EXPLAIN QUERY PLAN " + sql, [None] * sql.count("?"))]

    assert plan
    assert [step for step in plan if step.startswith("SCAN") and not step.startswith(WALKED)] == []
    store.close()


@pytest.mark.parametrize("left", [None, 0, 1, 99], ids=lambda left: "gone" if left is None else f"{left} bytes")
def test_a_store_that_was_emptied_is_not_taken_for_a_new_one(tmp_path, left):
    path = tmp_path / "hub.db"
    open_store(f"sqlite:///{path}").close()
    if left is None:
        path.unlink()
    else:
        os.truncate(path, left)

    with pytest.raises(StoreFailedError, match="is empty or gone, though a hub has kept its state there") as caught:
        open_store(f"sqlite:///{path}")

    assert str(caught.value).endswith(f"remove {path}.lock, too.")
    (tmp_path / "hub.db.lock").unlink()
    if left == 99:
        path.unlink()  # no rest of a store is ever overwritten
    open_store(f"sqlite:///{path}").close()
