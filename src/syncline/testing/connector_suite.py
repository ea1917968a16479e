"""The acceptance kit for connectors: what the connector port promises, tried on a real or simulated system.

Inherit once per implementation, give the fixtures that have no default, and every promise becomes a test:

    class TestOurErp(ConnectorSuite):
        @pytest.fixture
        def connector(self): ...

A capability that the contract does not claim is skipped; one that it claims is tested. The system is written to.
"""

# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import pytest

from syncline.env import RealEnv
from syncline.errors import SetupError, SynclineError, TransientError
from syncline.model.contract import Locking, ReadBack
from syncline.model.page import Cursor, Gone, Item, Op, Outcome, Record
from syncline.ports.connector import Connector
from syncline.testing.connector_steps import (
    create,
    decoded,
    everything,
    last_cursor,
    needs,
    new_item,
    raw_of,
    update,
    written,
)

FieldsFactory = Callable[[int], Mapping[str, object]]

_FUTURE = 32_472_144_000_000_000  #: 2999-01-01 [µs since 1970]
_QUICKLY = 15.0  #: within which an unreachable system must be reported [s]
_BATCH = 10
_SAMPLE = 3
_TEXTS = (
    "Zoë Ångström",
    "株式会社テスト",
    "emoji 🏭🚚",
    "line\nbreak\ttab",
    'O\'Brien & "Sons" <b>',
    "x" * 255,
    "y" * 256,
)


class ConnectorSuite:
    """Promises of `syncline.ports.connector.Connector` as tests."""

    # --- what an implementation gives -----------------------------------------

    @pytest.fixture
    def connector(self) -> Connector:
        """A connector to a system that may be written to; closed by who made it."""
        pytest.fail("give the fixture `connector`")

    @pytest.fixture
    def resource(self) -> str:
        """The resource to try."""
        pytest.fail("give the fixture `resource`")

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        """Fields of a new, valid record in the system's own words, different for each number."""
        pytest.fail("give the fixture `fields_of`")

    @pytest.fixture
    def text_field(self) -> str:
        """A field of free text, not the marker."""
        pytest.fail("give the fixture `text_field`")

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        """Fields that the system refuses."""
        pytest.fail("give the fixture `bad_fields`")

    @pytest.fixture
    def unknown_key(self) -> str:
        """A key that the system has never given."""
        pytest.fail("give the fixture `unknown_key`")

    @pytest.fixture
    def impostor(self) -> Connector:
        """A connector to the same system with a wrong secret."""
        pytest.skip("no fixture `impostor`")

    @pytest.fixture
    def stranded(self) -> Connector:
        """A connector to a place where nothing listens."""
        pytest.skip("no fixture `stranded`")

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """What must never be shown, the impostor's secret included."""
        return ()

    @pytest.fixture
    def settled(self) -> Callable[[], None]:
        """Waits until lists show what was written; the default is for systems whose lists do not lag."""
        return lambda: None

    # --- reading --------------------------------------------------------------

    def test_a_listed_record_has_the_same_bytes_as_the_record_read_by_key(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, settled: Callable[[], None]
    ) -> None:
        created = create(connector, resource, fields_of(1))
        settled()

        listed = everything(connector, resource)
        read = connector.get(resource, [created.key])[0]

        assert isinstance(read, Record)
        assert listed[created.key] == read.raw

    def test_get_answers_in_the_order_of_the_keys(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, unknown_key: str
    ) -> None:
        first, second = (create(connector, resource, fields_of(number)).key for number in (2, 3))

        answers = connector.get(resource, [second, unknown_key, first])

        assert [answer.key for answer in answers] == [second, unknown_key, first]
        assert [isinstance(answer, Gone) for answer in answers] == [False, True, False]

    def test_two_full_reads_are_equal(self, connector: Connector, resource: str) -> None:
        assert everything(connector, resource) == everything(connector, resource)

    def test_a_full_read_shows_each_record_once_and_its_columns_have_one_length(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, settled: Callable[[], None]
    ) -> None:
        created = {create(connector, resource, fields_of(number)).key for number in range(4, 4 + _SAMPLE)}
        settled()

        keys: list[str] = []
        for page in connector.list(resource, None):
            columns = [page.keys, page.raws, page.versions, page.stamps]
            assert len({len(column) for column in columns if column is not None}) == 1
            keys += page.keys

        assert len(keys) == len(set(keys))
        assert created <= set(keys)

    def test_a_record_that_is_made_during_a_scan_hides_no_other(
        self, connector: Connector, resource: str, fields_of: FieldsFactory
    ) -> None:
        before = set(everything(connector, resource))
        seen: set[str] = set()
        for number, page in enumerate(connector.list(resource, None)):
            seen.update(page.keys)
            if number == 0:
                create(connector, resource, fields_of(8))

        assert before <= seen

    def test_a_cursor_returns_the_records_of_its_own_instant(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, settled: Callable[[], None]
    ) -> None:
        needs(connector.contract(resource).incremental, "incremental reading")
        key = create(connector, resource, fields_of(9)).key
        settled()
        record = connector.get(resource, [key])[0]
        assert isinstance(record, Record)

        changed = {name for page in connector.list(resource, Cursor(stamp=record.stamp)) for name in page.keys}

        assert key in changed

    def test_a_later_cursor_brings_what_changed_since(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, settled: Callable[[], None]
    ) -> None:
        needs(connector.contract(resource).incremental, "incremental reading")
        cursor = last_cursor(connector, resource, None)
        key = create(connector, resource, fields_of(10)).key
        settled()

        assert key in {name for page in connector.list(resource, cursor) for name in page.keys}

    def test_a_cursor_of_the_future_hides_no_later_change(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, settled: Callable[[], None]
    ) -> None:
        needs(connector.contract(resource).incremental, "incremental reading")
        cursor = last_cursor(connector, resource, Cursor(stamp=_FUTURE))
        key = create(connector, resource, fields_of(11)).key
        settled()

        assert cursor.stamp < _FUTURE
        assert key in {name for page in connector.list(resource, cursor) for name in page.keys}

    def test_an_unknown_record_is_gone(self, connector: Connector, resource: str, unknown_key: str) -> None:
        assert connector.get(resource, [unknown_key]) == [Gone(key=unknown_key)]

    # --- writing ----------------------------------------------------------------

    def test_a_created_record_is_found_by_its_marker(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, settled: Callable[[], None]
    ) -> None:
        needs(connector.contract(resource).marker, "a marker")
        marker = RealEnv().new_id()
        key = create(connector, resource, fields_of(12), marker=marker).key
        settled()

        found = connector.search(resource, "", marker)

        assert [record.key for record in found] == [key]
        assert list(connector.markers(resource, [record.raw for record in found])) == [marker]

    def test_a_repeated_create_makes_no_second_record(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, settled: Callable[[], None]
    ) -> None:
        contract = connector.contract(resource)
        needs(contract.marker and (contract.marker_unique or contract.idempotency), "a safe repeated create")
        marker, token = RealEnv().new_id(), RealEnv().new_id()
        first = create(connector, resource, fields_of(13), marker=marker, idempotency=token)
        second = create(connector, resource, fields_of(13), marker=marker, idempotency=token)
        settled()

        assert first.key == second.key
        assert len(connector.search(resource, "", marker)) == 1

    def test_an_update_changes_its_own_fields_only(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, text_field: str
    ) -> None:
        key = create(connector, resource, fields_of(14)).key
        before = decoded(connector, resource, key)

        receipt = update(connector, resource, key, {text_field: "changed"})

        after = decoded(connector, resource, key)
        assert receipt.outcome is Outcome.DONE
        assert after[text_field] == "changed"
        kept = set(fields_of(14)) - {text_field}
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}

    def test_an_answer_shows_the_record_as_a_read_does(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, text_field: str
    ) -> None:
        needs(connector.contract(resource).read_back is ReadBack.BODY, "answers that show the stored record")
        created = create(connector, resource, fields_of(15))
        assert created.raw == raw_of(connector, resource, created.key)

        updated = update(connector, resource, created.key, {text_field: "again"})

        assert updated.raw == raw_of(connector, resource, created.key)

    def test_an_old_version_is_refused_and_nothing_is_written(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, text_field: str
    ) -> None:
        needs(connector.contract(resource).locking is not Locking.NONE, "locking")
        key = create(connector, resource, fields_of(16)).key
        record = connector.get(resource, [key])[0]
        assert isinstance(record, Record)
        assert update(connector, resource, key, {text_field: "one"}, record.version).outcome is Outcome.DONE

        receipt = update(connector, resource, key, {text_field: "two"}, record.version)

        assert receipt.outcome is Outcome.STALE
        assert decoded(connector, resource, key)[text_field] == "one"

    def test_an_update_of_an_unknown_record_says_gone(
        self, connector: Connector, resource: str, unknown_key: str, text_field: str
    ) -> None:
        assert update(connector, resource, unknown_key, {text_field: "x"}).outcome is Outcome.GONE

    def test_a_deleted_record_is_gone(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, settled: Callable[[], None]
    ) -> None:
        needs(connector.contract(resource).deletable, "deletes")
        key = create(connector, resource, fields_of(17)).key

        receipt = written(connector, resource, [Item(ref=1, op=Op.DELETE, key=key)])[0]
        settled()

        assert receipt.outcome is Outcome.DONE
        assert isinstance(connector.get(resource, [key])[0], Gone)
        assert key not in everything(connector, resource)

    def test_one_bad_record_of_ten_is_refused_alone(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, bad_fields: Mapping[str, object]
    ) -> None:
        items = [
            Item(ref=100 + n, op=Op.CREATE, fields=fields_of(20 + n), marker=RealEnv().new_id()) for n in range(_BATCH)
        ]
        items[4] = msgspec.structs.replace(items[4], fields=bad_fields)

        receipts = {receipt.ref: receipt for receipt in written(connector, resource, items)}

        refused = {ref for ref, receipt in receipts.items() if receipt.outcome is Outcome.REFUSED}
        assert refused == {104}
        assert receipts[104].message
        assert len(receipts) == _BATCH
        keys = [receipt.key for ref, receipt in receipts.items() if ref not in refused]
        assert all(isinstance(answer, Record) for answer in connector.get(resource, keys))

    @pytest.mark.parametrize("text", _TEXTS, ids=lambda text: text[:8])
    def test_a_text_is_stored_as_it_is_or_the_answer_shows_what_became_of_it(
        self, connector: Connector, resource: str, fields_of: FieldsFactory, text_field: str, text: str
    ) -> None:
        receipt = written(connector, resource, [new_item({**fields_of(40), text_field: text})])[0]
        if receipt.outcome is Outcome.REFUSED:
            assert receipt.message
            return

        stored = decoded(connector, resource, receipt.key)[text_field]
        assert isinstance(stored, str)
        assert stored == text or text.startswith(stored)

    def test_nothing_is_sent_after_its_deadline(
        self, connector: Connector, resource: str, fields_of: FieldsFactory
    ) -> None:
        before = set(everything(connector, resource))

        receipts = written(connector, resource, [new_item(fields_of(41))], within=-1.0)

        assert [receipt.outcome for receipt in receipts] == [Outcome.BUSY]
        assert set(everything(connector, resource)) == before

    # --- when nothing works -------------------------------------------------------

    def test_wrong_credentials_need_a_person(self, impostor: Connector, secrets: Sequence[str]) -> None:
        with pytest.raises(SetupError) as caught:
            impostor.check()

        assert not any(secret in str(caught.value) for secret in secrets)

    def test_wrong_credentials_write_nothing(
        self, impostor: Connector, resource: str, fields_of: FieldsFactory
    ) -> None:
        with pytest.raises(SetupError):
            written(impostor, resource, [new_item(fields_of(42))])

    def test_an_unreachable_system_is_reported_soon(self, stranded: Connector) -> None:
        began = RealEnv().monotonic()
        with pytest.raises(TransientError):
            stranded.check()

        assert RealEnv().monotonic() - began < _QUICKLY

    def test_a_write_to_an_unreachable_system_was_not_sent(
        self, stranded: Connector, resource: str, fields_of: FieldsFactory
    ) -> None:
        receipts = written(stranded, resource, [new_item(fields_of(43))])

        assert [receipt.outcome for receipt in receipts] == [Outcome.BUSY]

    def test_no_secret_is_shown(self, connector: Connector, impostor: Connector, secrets: Sequence[str]) -> None:
        shown = [repr(connector), str(connector), repr(vars(connector)), repr(impostor)]
        try:
            impostor.check()
        except SynclineError as error:
            shown += [repr(error), str(error), error.what, error.cure, repr(error.__cause__)]

        assert not any(secret in text for secret in secrets for text in shown)
