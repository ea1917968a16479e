"""What is promised follows from the contract: take a capability away, and its promise changes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from syncline.model.contract import Contract, Deletes, Locking
from syncline.model.promises import promises_of

ALL = Contract(
    lag=1.0, effect=2.0, settle=0.5, incremental=True, locking=Locking.ETAG, deletes=Deletes.TOMBSTONES, marker=True,
    marker_unique=True, idempotency=True, searchable=frozenset({"email"}),
)  # fmt: skip


def holds(name: str, **claims: object) -> str:
    return next(one.holds for one in promises_of(replace(ALL, **claims)) if one.name == name)  # type: ignore[arg-type]


def test_a_version_closes_the_window():
    assert holds("P1") == "no edit is overwritten unseen"
    assert "can be overwritten; each window is counted" in holds("P1", locking=Locking.NONE)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ([], "exactly one"),
        (["marker_unique"], "exactly one"),
        (["marker_unique", "idempotency"], "exactly one, after a lost answer only 3 s later"),
        (["marker_unique", "idempotency", "marker"], "exactly one, after a lost answer only 3 s later"),
        (["marker_unique", "idempotency", "marker", "searchable"], "at least one: a lost answer can make a second"),
        (["creatable"], "nothing is created here"),
    ],
)
def test_what_keeps_creates_single_is_the_best_that_is_there(missing, told):
    assert holds("P2", **dict.fromkeys(missing, False)) == told


def test_a_search_by_a_field_holds_only_where_the_value_is_nobody_elses():
    claims = {"marker": False, "marker_unique": False, "idempotency": False}

    assert "email, where its value is nobody else's" in next(
        one.rests_on for one in promises_of(replace(ALL, **claims)) if one.name == "P2"
    )


def test_deletes_are_seen_as_soon_as_the_system_lets_them_be():
    assert holds("P3") == "seen by the next pass"
    assert "once a day, and two reads by key 1.5 s apart" in holds("P3", deletes=Deletes.SWEEP)
    assert "by every pass" in holds("P3", deletes=Deletes.SWEEP, incremental=False)
