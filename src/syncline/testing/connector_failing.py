"""Promises about failures: each has its fate, nothing is half done in silence, and no secret is ever shown."""

# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import pytest

from syncline.env import RealEnv
from syncline.errors import SetupError, SynclineError, TransientError
from syncline.model.page import Outcome
from syncline.ports.connector import Connector
from syncline.testing.connector_findings import promise
from syncline.testing.connector_fixtures import ConnectorFixtures, Published, Throttle
from syncline.testing.connector_steps import written
from syncline.testing.connector_trial import Trial

_QUICKLY = 15.0  #: within which an unreachable system must be reported [s]
_PAUSE = 7.0  #: that a throttled system asks for [s]
_ENV = RealEnv()


class ConnectorFailing(ConnectorFixtures):
    """Credentials, connections, throttling, secrets, settings."""

    @promise
    def test_a_check_says_what_it_reached(self, connector: Connector) -> None:
        said = connector.check()

        assert said
        assert "\n" not in said

    @promise
    def test_wrong_credentials_need_a_person(self, impostor: Connector, resource: str) -> None:
        with pytest.raises(SetupError) as caught:
            impostor.check()
        with pytest.raises(SetupError):
            list(impostor.list(resource, None))

        assert caught.value.what
        assert caught.value.cure

    @promise
    def test_wrong_credentials_write_nothing(self, impostor: Connector, trial: Trial) -> None:
        item, before = trial.any_write(90), trial.records()
        with pytest.raises(SetupError):
            written(impostor, trial.resource, [item])
        trial.settled()

        assert trial.records() == before

    @promise
    def test_an_unreachable_system_is_reported_soon(self, stranded: Connector) -> None:
        began = _ENV.monotonic()
        with pytest.raises(TransientError):
            stranded.check()

        assert _ENV.monotonic() - began < _QUICKLY

    @promise
    def test_an_unreachable_system_is_no_empty_one(self, stranded: Connector, trial: Trial, unknown_key: str) -> None:
        with pytest.raises(TransientError):
            list(stranded.list(trial.resource, None))
        with pytest.raises(TransientError):
            stranded.get(trial.resource, [unknown_key])

    @promise
    def test_a_write_to_an_unreachable_system_was_not_sent(self, stranded: Connector, trial: Trial) -> None:
        receipts = written(stranded, trial.resource, [trial.any_write(91)])

        assert [receipt.outcome for receipt in receipts] == [Outcome.BUSY]

    @promise
    def test_a_throttled_read_names_the_pause_and_does_not_wait_itself(self, trial: Trial, throttled: Throttle) -> None:
        key, began = trial.key(92), _ENV.monotonic()
        with throttled(_PAUSE):
            for read in (lambda: trial.get(key), trial.listed):
                with pytest.raises(TransientError) as caught:
                    read()
                assert caught.value.wait == pytest.approx(_PAUSE, abs=1.5)

        assert _ENV.monotonic() - began < _PAUSE
        assert trial.get(key).key == key

    @promise
    def test_a_throttled_write_was_not_done_and_names_the_pause(self, trial: Trial, throttled: Throttle) -> None:
        items = [trial.any_write(93), trial.any_write(94)]
        trial.settled()
        before = trial.records()
        with throttled(_PAUSE):
            receipts = [*trial.write(items[0]), *trial.write(*items)]
        trial.settled()

        assert {receipt.outcome for receipt in receipts} == {Outcome.BUSY}
        assert max(receipt.wait for receipt in receipts) == pytest.approx(_PAUSE, abs=1.5)
        assert trial.records() == before

    @promise
    def test_no_secret_is_shown(
        self,
        trial: Trial,
        impostor: Connector,
        secrets: Sequence[str],
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        if not secrets:
            pytest.skip("the fixture `secrets` names none")
        caplog.set_level(logging.NOTSET)
        shown = [repr(one) + str(one) + repr(vars(one)) for one in (trial.connector, impostor)]
        trial.connector.check()
        trial.change(trial.key(96), "nothing to see")
        for failing in (impostor.check, lambda: written(impostor, trial.resource, [trial.any_write(97)])):
            try:
                failing()
            except SynclineError as error:
                shown += list(_told(error))
        shown += [caplog.text, *capfd.readouterr()]

        assert [secret for secret in secrets if any(secret in text for text in shown)] == []

    @promise
    def test_its_options_are_described_and_checked_before_anything_is_sent(
        self, published: Published, options: Mapping[str, object], secrets: Sequence[str]
    ) -> None:
        self.findings.connector = published.name
        opened = published.open("system", options, _ENV)
        opened.close()

        assert published.name
        assert published.summary.endswith(".")
        assert msgspec.json.encode(published.schema())
        with pytest.raises(SetupError) as caught:
            published.open("system", {**options, "no_such_option": 1}, _ENV)
        assert "no_such_option" in str(caught.value)
        assert not any(secret in text for secret in secrets for text in _told(caught.value))


def _told(error: BaseException | None) -> Iterator[str]:
    """Everything that an error and its causes say."""
    while error is not None:
        yield from (repr(error), str(error), repr(vars(error)))
        error = error.__cause__ or error.__context__
