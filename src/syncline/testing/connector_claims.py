"""What a contract claims is tried; what it does not claim is skipped, unless it works: then it is to be claimed.

The engine does without what a contract does not claim. A capability that works unclaimed is safety given away, or a
contract that nobody corrected when the system learned something. So such a skip fails.
"""

# ruff: noqa: S101  a step of a test asserts

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
import pytest

from syncline.errors import RejectedError, SynclineError
from syncline.model.contract import Deletes
from syncline.model.page import Cursor, Gone, Item, Op, Outcome, Record
from syncline.testing.connector_trial import Trial


def claimed(claim: object, what: str, works: Callable[[], bool]) -> None:
    """Go on where the contract claims this; else skip, and fail where it works all the same."""
    if claim:
        return
    try:
        is_there = works()
    except SynclineError:
        is_there = False
    if is_there:
        pytest.fail(f"{what} works, and the contract does not claim it: claim it, and the hub can rely on it")
    pytest.skip(f"the contract does not claim {what}")


def reads_from_a_cursor(trial: Trial) -> bool:
    """Does a list from the newest record's stamp leave the older records out?"""
    stamps = {key: record.stamp for key, record in trial.records().items()}
    newest = max(stamps.values(), default=0)
    if not newest or min(stamps.values()) == newest:
        return False
    found = trial.listed(Cursor(stamp=newest))
    return newest in {stamps[key] for key in found if key in stamps} and len(found) < len(stamps)


def shows_stamps(trial: Trial) -> bool:
    """Does a new record carry the time of its last change?"""
    return trial.read(trial.key(60)).stamp > 0


def finds_by_marker(trial: Trial) -> bool:
    """Is a new record, and nothing else, found by its marker?"""
    marker = trial.new_id()
    key = trial.create(61, marker=marker).key
    trial.settled()
    return trial.found(marker) == [key] and trial.found(trial.new_id()) == []


def keeps_markers_apart(trial: Trial) -> bool:
    """Does a second create with the same marker, and another token, make no second record?"""
    marker = trial.new_id()
    first = trial.create(62, marker=marker)
    second = trial.write(trial.item(62, marker=marker))[0]
    trial.settled()
    return second.key in ("", first.key) and trial.found(marker) in ([first.key], [])


def knows_a_token_again(trial: Trial) -> bool:
    """Does a create that is repeated among others with its token make no second record?

    It is repeated with its marker too, as the hub does it, unless that alone would hold it up.
    """
    token, marker = trial.new_id(), trial.new_id()
    is_by_token = trial.contract.idempotency or not trial.contract.marker_unique
    later = marker if is_by_token else trial.new_id()
    first = trial.write(trial.item(63, idempotency=token, marker=marker), trial.item(64))[0]
    again = trial.write(trial.item(63, idempotency=token, marker=later), trial.item(65))[0]
    return first.outcome is again.outcome is Outcome.DONE and first.key == again.key


def refuses_an_old_version(trial: Trial) -> bool:
    """Is a write with a version that has passed refused, and nothing written?"""
    key = trial.key(66)
    version = trial.read(key).version
    if version is None:
        return False
    assert trial.change(key, "one", version).outcome is Outcome.DONE
    receipt = trial.change(key, "two", version)
    return receipt.outcome is Outcome.STALE and trial.says(key, "one")


def deletes(trial: Trial) -> bool:
    """Is a record gone once it is deleted?"""
    key = trial.key(67)
    done = trial.write(Item(ref=1, op=Op.DELETE, key=key))[0].outcome is Outcome.DONE
    trial.settled()
    return done and isinstance(trial.get(key), Gone)


def archives(trial: Trial) -> bool:
    """Does a record show that it was archived, or is it gone then?"""
    key = trial.key(68)
    before = trial.read(key)
    item = Item(ref=1, op=Op.ARCHIVE, key=key, version=before.version, current=before.raw)
    done = trial.write(item)[0].outcome is Outcome.DONE
    trial.settled()
    after = trial.get(key)
    return done and (isinstance(after, Gone) or after.raw != before.raw)


def names_the_deleted(trial: Trial) -> bool:
    """Does a list name a record that was deleted, or archived where nothing can be deleted?"""
    key = trial.key(69)
    since = trial.last_cursor() if trial.contract.incremental else None
    op = Op.DELETE if trial.contract.deletable else Op.ARCHIVE
    done = trial.write(Item(ref=1, op=op, key=key, current=trial.read(key).raw))[0].outcome is Outcome.DONE
    within = trial.contract.lag if trial.contract.deletes is Deletes.TOMBSTONES else 0.0
    return done and trial.looked(lambda: key in trial.buried(since), within) is not None


def searches(trial: Trial, field: str) -> bool:
    """Does a search by a field find a new record by its value, and nobody by a value that nobody has?"""
    key = trial.key(70)
    value = trial.shown(key).get(field)
    if not isinstance(value, str) or not value:
        return False
    trial.settled()
    found = {record.key for record in trial.connector.search(trial.resource, field, value)}
    nobodys: Sequence[Record] = ()
    with suppress(RejectedError):  # it may also be no value at all
        nobodys = trial.connector.search(trial.resource, field, f"nobody-{trial.new_id()}")
    return key in found and not nobodys


def answers_show_records(trial: Trial) -> bool:
    """Does the answer to a write show the record as a read does?"""
    key = trial.key(71)
    receipt = trial.change(key, "shown at once", trial.read(key).version)
    return receipt.raw is not None and receipt.raw == trial.read(key).raw


def is_json_object(raw: bytes) -> bool:
    """Is a raw record what the engine decodes?"""
    try:
        return bool(msgspec.json.decode(raw, type=dict[str, object]))
    except msgspec.DecodeError:
        return False
