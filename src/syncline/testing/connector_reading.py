"""Promises about reading: what a list shows, what a get shows, and that one is the other."""

# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from syncline.errors import RejectedError
from syncline.model.page import Gone, Record
from syncline.testing.connector_claims import is_json_object
from syncline.testing.connector_findings import promise
from syncline.testing.connector_fixtures import ConnectorFixtures
from syncline.testing.connector_trial import Trial

_SAMPLE = 50
_THREADS = 4
_STRANGE = ("no/such", "../up", "?query=1", "a b", "100%", "ü", "🏭", "x" * 300, "'; --", "a,b", '"', "a\\b")


class ConnectorReading(ConnectorFixtures):
    """Lists and gets."""

    @promise
    def test_a_listed_record_has_the_same_bytes_as_the_record_read_by_key(self, trial: Trial) -> None:
        created = trial.key(1)
        trial.settled()

        listed = trial.records()
        keys = [created, *list(listed)[:_SAMPLE]]
        read = trial.connector.get(trial.resource, keys)

        assert all(isinstance(one, Record) for one in read)
        assert [listed[key].raw for key in keys] == [one.raw for one in read if isinstance(one, Record)]

    @promise
    def test_a_record_is_a_json_object(self, trial: Trial) -> None:
        key = trial.key(2)
        trial.settled()

        assert is_json_object(trial.read(key).raw)
        assert [one for one, record in trial.records().items() if not is_json_object(record.raw)] == []

    @promise
    def test_get_answers_in_the_order_of_the_keys(self, trial: Trial, unknown_key: str) -> None:
        first, second = trial.key(3), trial.key(4)
        keys = [second, unknown_key, first, second]

        answers = trial.connector.get(trial.resource, keys)

        assert [answer.key for answer in answers] == keys
        assert [isinstance(answer, Gone) for answer in answers] == [False, True, False, False]

    @promise
    def test_an_unknown_record_is_gone(self, trial: Trial, unknown_key: str) -> None:
        assert trial.get(unknown_key) == Gone(key=unknown_key)

    @promise
    @pytest.mark.parametrize("key", _STRANGE, ids=range(len(_STRANGE)))
    def test_a_strange_key_finds_nothing(self, trial: Trial, key: str) -> None:
        answer: Record | Gone = Gone(key=key)
        with suppress(RejectedError):  # it may also be no key at all
            answer = trial.get(key)

        assert answer == Gone(key=key)

    @promise
    def test_two_full_reads_are_equal(self, trial: Trial) -> None:
        trial.settled()

        assert trial.records() == trial.records()

    @promise
    def test_a_full_read_shows_each_record_once_and_its_columns_have_one_length(self, trial: Trial) -> None:
        created = {trial.key(number) for number in (5, 6, 7)}
        trial.settled()

        keys: list[str] = []
        for page in trial.pages():
            columns = [page.keys, page.raws, page.versions, page.stamps]
            assert len({len(column) for column in columns if column is not None}) == 1
            keys += page.keys

        assert len(keys) == len(set(keys))
        assert created <= set(keys)

    @promise
    def test_a_record_that_is_made_during_a_scan_hides_no_other(self, trial: Trial) -> None:
        before, seen = trial.listed(), set[str]()
        for number, page in enumerate(trial.pages()):
            seen.update(page.keys)
            if number == 0:
                trial.key(8)

        assert before <= seen

    @promise
    def test_a_record_that_is_changed_during_a_scan_hides_no_other(self, trial: Trial) -> None:
        key = trial.key(9)
        trial.settled()
        before, seen = trial.listed(), set[str]()
        for number, page in enumerate(trial.pages()):
            seen.update(page.keys)
            if number == 0:
                trial.change(key, "changed during a scan", trial.read(key).version)

        assert before <= seen

    @promise
    def test_several_threads_read_the_same(self, trial: Trial) -> None:
        keys = [trial.key(number) for number in (10, 11)]
        trial.settled()
        orders = [keys, keys[::-1]] * _THREADS
        alone = [list(trial.connector.get(trial.resource, order)) for order in orders]

        with ThreadPoolExecutor(_THREADS) as threads:
            reads = [threads.submit(trial.connector.get, trial.resource, order) for order in orders]
            lists = [threads.submit(trial.listed) for _ in range(_THREADS)]

            assert [list(read.result()) for read in reads] == alone
            assert all(set(keys) <= found.result() for found in lists)

    @promise
    def test_a_schema_that_is_told_names_the_fields_that_are_shown(self, trial: Trial) -> None:
        shown = trial.shown(trial.key(12))

        schema = trial.connector.schema(trial.resource)

        if not schema:
            pytest.skip("it tells no schema")
        assert trial.text_field in schema
        assert set(schema) & set(shown)
        assert [name for name, kind in schema.items() if not kind] == []
