"""What the contract says in seconds, measured: a claim that falls short fails, and every figure is kept.

The letters are those of the algorithm: g precision, L lag, r settle, T effect.
"""

# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import gcd

import pytest

from syncline.env import RealEnv
from syncline.model.page import Cursor, Outcome
from syncline.ports.connector import Connector
from syncline.testing.connector_claims import claimed, shows_stamps
from syncline.testing.connector_findings import Taken, promise
from syncline.testing.connector_fixtures import ConnectorFixtures
from syncline.testing.connector_steps import written
from syncline.testing.connector_trial import Trial

_SAMPLES = 5
_RECORDS = 10  #: new ones whose stamps are compared
_MORE = 3
_DAY = 86_400_000_000
_GRAINS = (_DAY, 3_600_000_000, 60_000_000, *(10**power for power in range(6, -1, -1)))  #: [µs]
_AFTERWARDS = 3.0  #: that it goes on looking once nothing may take effect any more [s]
_LONGEST = 20.0  #: that the kit waits for a late effect [s]
_ENV = RealEnv()


class ConnectorMeasures(ConnectorFixtures):
    """Times of the contract."""

    @promise
    def test_stamps_are_as_fine_as_the_contract_says(self, trial: Trial) -> None:
        claimed(trial.contract.stamped, "stamps", lambda: shows_stamps(trial))
        for number in range(_RECORDS):
            trial.key(100 + number)
        grain, samples = _grain(trial)
        for number in range(_MORE):  # they may all have been made in the first second of a minute
            if grain > trial.contract.precision:
                _ENV.sleep(min(_LONGEST / _MORE, 1.3 * trial.contract.precision))
                trial.key(140 + number)
                grain, samples = _grain(trial)

        _keep(trial, "precision", grain, samples)
        assert grain <= trial.contract.precision

    @promise
    def test_the_clock_is_no_further_off_than_the_contract_says(self, trial: Trial) -> None:
        claimed(trial.contract.stamped, "stamps", lambda: shows_stamps(trial))
        off = []
        for number in range(_SAMPLES):
            begun = _ENV.now().timestamp()
            stamp = trial.read(trial.key(110 + number)).stamp / 1e6
            off.append(max(0.0, stamp - _ENV.now().timestamp(), begun - trial.contract.precision - stamp))

        _keep(trial, "skew", max(off), len(off))
        assert max(off) <= trial.contract.skew

    @promise
    def test_a_list_shows_a_write_within_the_lag(self, trial: Trial) -> None:
        late = []
        for number in range(_SAMPLES):
            since = trial.last_cursor() if trial.contract.incremental else None
            key = trial.key(120 + number)
            late.append(trial.awaited(_is_listed(trial, key, since), trial.contract.lag))

        _keep(trial, "lag", max(late), len(late))

    @promise
    def test_a_get_shows_our_own_write_within_the_settling_time(self, trial: Trial) -> None:
        key = trial.key(130)
        late = []
        for number in range(_SAMPLES):
            text = f"settled {number}"
            assert trial.change(key, text, trial.read(key).version).outcome is Outcome.DONE
            late.append(trial.awaited(_is_shown(trial, key, text), trial.contract.settle))

        _keep(trial, "settle", max(late), len(late))

    @promise
    def test_a_request_that_was_given_up_takes_effect_in_time_or_never(self, trial: Trial, hasty: Connector) -> None:
        trial.needs_creates()
        if not trial.contract.marker:
            pytest.skip("without a marker a late record cannot be told from others")
        marker = trial.new_id()

        outcome = written(hasty, trial.resource, [trial.item(131, marker=marker)])[0].outcome

        if outcome in (Outcome.DONE, Outcome.BUSY):
            pytest.skip(f"the hasty connector's request was {outcome.name.lower()}: nothing was given up")
        assert outcome is Outcome.DOUBT
        within = min(trial.contract.effect + trial.contract.lag, _LONGEST)
        late = trial.looked(lambda: len(trial.found(marker)) > 0, within + _AFTERWARDS)
        if late is None:
            pytest.skip(f"the request took no effect within {within + _AFTERWARDS:g} s")
        _keep(trial, "effect", late, 1)
        assert late <= within
        assert len(trial.found(marker)) == 1


def _grain(trial: Trial) -> tuple[float, int]:
    """The coarsest granularity that explains all stamps [s], and how many there are."""
    trial.settled()
    stamps = {record.stamp for record in trial.records().values() if record.stamp}
    shared = reduce(gcd, stamps)
    return next(one for one in _GRAINS if shared % one == 0) / 1e6, len(stamps)


def _keep(trial: Trial, name: str, measured: float, samples: int) -> None:
    declared = float(getattr(trial.contract, name))
    trial.findings.measured[name] = Taken(declared=declared, measured=round(measured, 6), samples=samples)


def _is_listed(trial: Trial, key: str, since: Cursor | None) -> Callable[[], bool]:
    return lambda: key in trial.listed(since)


def _is_shown(trial: Trial, key: str, text: str) -> Callable[[], bool]:
    return lambda: trial.says(key, text)
