"""Promises about writing: what was asked for is done, nothing else is, and the receipt says what became of it."""

# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.model.contract import Deletes, Locking, ReadBack
from syncline.model.page import Gone, Item, Op, Outcome, Record
from syncline.testing.connector_claims import (
    answers_show_records,
    archives,
    claimed,
    deletes,
    names_the_deleted,
    refuses_an_old_version,
)
from syncline.testing.connector_findings import promise
from syncline.testing.connector_fixtures import ConnectorFixtures
from syncline.testing.connector_trial import Trial, is_stored

_BATCH, _BAD = 10, 4
_FIELDS = 4


class ConnectorWriting(ConnectorFixtures):
    """Updates, deletes and batches."""

    @promise
    def test_an_update_changes_its_own_fields_only(self, trial: Trial) -> None:
        key = trial.key(30)
        for name, value in list(trial.fields_of(31).items())[:_FIELDS]:
            before = trial.shown(key)

            receipt = trial.update(key, {name: value}, trial.read(key).version)

            after = trial.shown(key)
            assert receipt.outcome is Outcome.DONE, receipt.message
            assert receipt.key in ("", key)
            kept = set(trial.fields_of(30)) - {name}
            assert {one: after.get(one) for one in kept} == {one: before.get(one) for one in kept}

    @promise
    def test_an_update_stores_what_it_says(self, trial: Trial) -> None:
        key = trial.key(32)

        assert trial.change(key, "changed", trial.read(key).version).outcome is Outcome.DONE
        assert trial.says(key, "changed")

    @promise
    def test_an_answer_shows_the_record_as_a_read_does(self, trial: Trial) -> None:
        claim = trial.contract.read_back is ReadBack.BODY
        claimed(claim, "answers that show the stored record", lambda: answers_show_records(trial))
        created = trial.create(33) if trial.contract.creatable else None
        key = created.key if created else trial.key(33)
        if created:
            assert created.raw == trial.read(key).raw

        updated = trial.change(key, "again", trial.read(key).version)

        read = trial.read(key)
        assert (updated.raw, updated.version, updated.stamp) == (read.raw, read.version, read.stamp)

    @promise
    def test_an_old_version_is_refused_and_nothing_is_written(self, trial: Trial) -> None:
        claim = trial.contract.locking is not Locking.NONE
        claimed(claim, "locking", lambda: refuses_an_old_version(trial))

        assert refuses_an_old_version(trial)

    @promise
    def test_each_write_gives_a_record_another_version(self, trial: Trial) -> None:
        claim = trial.contract.locking is not Locking.NONE
        claimed(claim, "locking", lambda: refuses_an_old_version(trial))
        key = trial.key(34)
        versions = [trial.read(key).version]
        for text in ("one", "two", "three"):
            trial.change(key, text, versions[-1])
            versions.append(trial.read(key).version)

        assert None not in versions
        assert len(set(versions)) == len(versions)

    @promise
    def test_an_update_of_an_unknown_record_says_gone(self, trial: Trial, unknown_key: str) -> None:
        fields = {trial.text_field: trial.wording("too late")}
        current = trial.read(trial.key(37)).raw  # the hub has read what it changes, and then the record went
        item = Item(ref=1, op=Op.UPDATE, key=unknown_key, fields=fields, current=current)

        assert trial.write(item)[0].outcome is Outcome.GONE

    @promise
    def test_a_deleted_record_is_gone_and_no_longer_listed(self, trial: Trial) -> None:
        claimed(trial.contract.deletable, "deletes", lambda: deletes(trial))
        key = trial.key(35)

        receipt = trial.write(Item(ref=1, op=Op.DELETE, key=key))[0]

        assert receipt.outcome is Outcome.DONE
        trial.awaited(lambda: isinstance(trial.get(key), Gone), trial.contract.settle)
        trial.awaited(lambda: key not in trial.listed(), trial.contract.lag)

    @promise
    def test_a_record_that_is_deleted_twice_is_still_gone(self, trial: Trial) -> None:
        claimed(trial.contract.deletable, "deletes", lambda: deletes(trial))
        key = trial.key(36)
        item = Item(ref=1, op=Op.DELETE, key=key)

        first, second = trial.write(item)[0].outcome, trial.write(item)[0].outcome

        assert first is Outcome.DONE
        assert second in (Outcome.DONE, Outcome.GONE)
        assert isinstance(trial.get(key), Gone)

    @promise
    def test_a_list_names_the_deleted(self, trial: Trial) -> None:
        claim = trial.contract.deletes is Deletes.TOMBSTONES
        claimed(claim, "tombstones of every delete", lambda: trial.contract.deletable and names_the_deleted(trial))

        assert names_the_deleted(trial)

    @promise
    def test_an_archived_record_shows_it(self, trial: Trial) -> None:
        claimed(trial.contract.archivable, "archiving", lambda: archives(trial))

        assert archives(trial)

    @promise
    def test_one_bad_record_of_ten_is_refused_alone(self, trial: Trial, bad_fields: Mapping[str, object]) -> None:
        trial.needs_creates()
        items = [trial.item(40 + n, ref=100 + n) for n in range(_BATCH)]
        items[_BAD] = msgspec.structs.replace(items[_BAD], fields=bad_fields)

        receipts = trial.write(*items)

        assert [n for n, one in enumerate(receipts) if one.outcome is Outcome.REFUSED] == [_BAD]
        assert receipts[_BAD].message
        keys = [one.key for n, one in enumerate(receipts) if n != _BAD]
        assert all(isinstance(answer, Record) for answer in trial.connector.get(trial.resource, keys))

    @promise
    def test_each_receipt_of_a_batch_is_its_own_items(self, trial: Trial) -> None:
        trial.needs_creates()
        items = [trial.item(50 + n, ref=900 - 7 * n) for n in range(_BATCH)]
        telling = [name for name, value in items[0].fields.items() if value != items[1].fields[name]]

        receipts = trial.write(*items)

        assert len({one.key for one in receipts}) == _BATCH
        for item, one in zip(items, receipts, strict=True):
            assert one.outcome is Outcome.DONE, one.message
            shown = trial.shown(one.key)
            assert [name for name in telling if not is_stored(item.fields[name], shown.get(name))] == []

    @promise
    def test_equal_records_that_are_two_stay_two(self, trial: Trial) -> None:
        trial.needs_creates()
        first, second = trial.write(trial.item(60, ref=1), trial.item(60, ref=2))

        assert second.outcome is Outcome.REFUSED or first.key != second.key

    @promise
    def test_nothing_is_sent_after_its_deadline(self, trial: Trial) -> None:
        item, before = trial.any_write(61), trial.listed()

        receipts = trial.write(item, within=-1.0)

        assert [receipt.outcome for receipt in receipts] == [Outcome.BUSY]
        assert trial.listed() == before
