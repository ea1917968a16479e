"""Promises about reading what has changed: nothing between two cursors is skipped, whatever the clocks say."""

# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

from syncline.model.page import Cursor
from syncline.testing.connector_claims import claimed, reads_from_a_cursor, shows_stamps
from syncline.testing.connector_findings import promise
from syncline.testing.connector_fixtures import ConnectorFixtures
from syncline.testing.connector_trial import Trial

_FUTURE = 32_472_144_000_000_000  #: 2999-01-01 [µs since 1970]
_TIES = 5
_SLACK = 1.0  #: the clock in an answer may show whole seconds [s]


def _incremental(trial: Trial) -> None:
    trial.key(20)
    trial.settled()
    claimed(trial.contract.incremental, "incremental reading", lambda: reads_from_a_cursor(trial))


class ConnectorCursors(ConnectorFixtures):
    """Cursors and stamps."""

    @promise
    def test_a_record_carries_the_time_of_its_last_change(self, trial: Trial) -> None:
        claimed(trial.contract.stamped, "stamps", lambda: shows_stamps(trial))
        key = trial.key(21)
        first = trial.read(key).stamp
        trial.change(key, "stamped", trial.read(key).version)

        assert 0 < first <= trial.read(key).stamp

    @promise
    def test_a_cursor_returns_the_records_of_its_own_instant(self, trial: Trial) -> None:
        _incremental(trial)
        for number in range(_TIES):
            trial.key(22 + number)
        trial.settled()
        stamps = sorted((record.stamp, key) for key, record in trial.records().items() if record.stamp)

        for place in (0, len(stamps) // 2, len(stamps) - 1):
            at = stamps[place][0]
            assert {key for stamp, key in stamps if stamp >= at} <= trial.listed(Cursor(stamp=at))

    @promise
    def test_a_cursor_leaves_out_what_is_older_than_its_overlap(self, trial: Trial) -> None:
        _incremental(trial)
        contract = trial.contract
        stamps = {key: record.stamp for key, record in trial.records().items() if record.stamp}
        at = max(stamps.values())
        floor = at - round((contract.lag + contract.skew + 2 * contract.precision + _SLACK) * 1e6)

        listed = trial.listed(Cursor(stamp=at))

        assert [key for key, stamp in stamps.items() if stamp < floor and key in listed] == []

    @promise
    def test_a_later_cursor_brings_what_changed_since(self, trial: Trial) -> None:
        _incremental(trial)
        old = trial.key(27)
        trial.settled()
        cursor = trial.last_cursor()
        new = trial.key(28)
        trial.change(old, "changed since", trial.read(old).version)
        trial.settled()

        assert {old, new} <= trial.listed(cursor)

    @promise
    def test_a_cursor_of_the_future_hides_no_later_change(self, trial: Trial) -> None:
        _incremental(trial)
        cursor = trial.last_cursor(Cursor(stamp=_FUTURE))
        key = trial.key(29)
        trial.settled()

        assert cursor.stamp < _FUTURE
        assert key in trial.listed(cursor)

    @promise
    def test_a_read_that_ends_early_goes_on_from_its_last_cursor_and_misses_nothing(self, trial: Trial) -> None:
        _incremental(trial)
        everything, pages = trial.listed(), list(trial.pages())
        kept: set[str] = set()
        for page in pages:
            kept.update(page.keys)
            if page.cursor is not None:
                assert everything <= kept | trial.listed(page.cursor)

    @promise
    def test_the_cursors_of_a_read_never_go_back(self, trial: Trial) -> None:
        _incremental(trial)

        cursors = [page.cursor.stamp for page in trial.pages() if page.cursor is not None]

        assert cursors == sorted(cursors)
        assert trial.last_cursor(Cursor(stamp=cursors[-1])).stamp >= cursors[-1]
