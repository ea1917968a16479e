"""Promises against doubles: a create whose answer was lost can be found, or repeated without a second record."""

# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

import pytest

from syncline.testing.connector_claims import (
    claimed,
    finds_by_marker,
    keeps_markers_apart,
    knows_a_token_again,
    searches,
)
from syncline.testing.connector_findings import promise
from syncline.testing.connector_fixtures import ConnectorFixtures
from syncline.testing.connector_trial import Trial

_FIELDS = 4


class ConnectorCreates(ConnectorFixtures):
    """Markers, tokens and searches."""

    @promise
    def test_a_created_record_is_found_by_its_marker(self, trial: Trial) -> None:
        trial.needs_creates()
        claimed(trial.contract.marker, "a marker", lambda: finds_by_marker(trial))
        marker = trial.new_id()
        key = trial.create(72, marker=marker).key
        trial.settled()

        found = trial.connector.search(trial.resource, "", marker)

        assert [record.key for record in found] == [key]
        assert [record.raw for record in found] == [trial.read(key).raw]
        assert list(trial.connector.markers(trial.resource, [record.raw for record in found])) == [marker]

    @promise
    @pytest.mark.parametrize("nobodys", ["nobody", "%", "*", "a&b=c", "' or 1=1", "ü 🏭"])
    def test_a_marker_that_nobody_has_finds_nobody(self, trial: Trial, nobodys: str) -> None:
        trial.needs_creates()
        claimed(trial.contract.marker, "a marker", lambda: finds_by_marker(trial))

        assert list(trial.connector.search(trial.resource, "", nobodys)) == []

    @promise
    def test_a_marker_survives_later_writes(self, trial: Trial) -> None:
        trial.needs_creates()
        claimed(trial.contract.marker, "a marker", lambda: finds_by_marker(trial))
        marker = trial.new_id()
        key = trial.create(73, marker=marker).key
        trial.change(key, "written again", trial.read(key).version)
        trial.settled()

        assert trial.found(marker) == [key]

    @promise
    def test_a_repeated_marker_makes_no_second_record(self, trial: Trial) -> None:
        trial.needs_creates()
        claimed(trial.contract.marker_unique, "a marker that is unique", lambda: keeps_markers_apart(trial))

        assert keeps_markers_apart(trial)

    @promise
    def test_a_repeated_token_makes_no_second_record(self, trial: Trial) -> None:
        trial.needs_creates()
        claimed(trial.contract.idempotency, "idempotency", lambda: knows_a_token_again(trial))

        assert knows_a_token_again(trial)

    @promise
    def test_a_repeated_create_makes_no_second_record(self, trial: Trial) -> None:
        trial.needs_creates()
        contract = trial.contract
        if not (contract.marker_unique or contract.idempotency):
            pytest.skip("the contract does not claim a safe repeated create")
        marker, token = trial.new_id(), trial.new_id()
        first = trial.create(74, marker=marker, idempotency=token)
        second = trial.create(74, marker=marker, idempotency=token)
        trial.settled()

        assert first.key == second.key
        assert not contract.marker or trial.found(marker) == [first.key]

    @promise
    def test_a_search_by_a_field_finds_its_record_alone(self, trial: Trial) -> None:
        shown = trial.shown(trial.key(75))
        texts = [name for name, value in shown.items() if name in trial.contract.searchable and isinstance(value, str)]
        wanted = [name for name in texts if shown[name]][:_FIELDS]
        if not wanted:
            claimed(None, f"a search by {trial.text_field}", lambda: searches(trial, trial.text_field))

        assert [name for name in wanted if not searches(trial, name)] == []
