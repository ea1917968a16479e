"""Golden ids: they survive a second run, a merge and a split, and no two things share one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncline.analytics.identity.clusters import golden_ids

A, B, C, D = (("left", key) for key in "abcd")
MEMBERS = [("left", str(number)) for number in range(6)]


def test_after_a_merge_the_larger_things_id_stands():
    assert golden_ids([[A, B, C]], {A: "one", B: "two", C: "two"}) == ["two"]


def test_after_a_split_the_larger_part_keeps_the_id():
    first, second = golden_ids([[A], [B, C]], {A: "one", B: "one", C: "one"})

    assert second == "one"
    assert first not in {"one", ""}


def test_a_tie_goes_to_the_lesser_id_and_the_least_record():
    assert golden_ids([[A, B]], {A: "two", B: "one"}) == ["one"]
    assert golden_ids([[B], [A]], {A: "one", B: "one"})[1] == "one"


def test_a_new_id_is_never_one_that_somebody_had():
    new = golden_ids([[A]], {})[0]

    assert golden_ids([[A]], {D: new})[0] != new


@given(
    before=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    after=st.lists(st.integers(0, 3), min_size=6, max_size=6),
)
def test_ids_are_unique_and_unchanged_things_keep_theirs(before: list[int], after: list[int]):
    def groups(labels: list[int]) -> list[list[tuple[str, str]]]:
        return [
            [member for member, label in zip(MEMBERS, labels, strict=True) if label == one]
            for one in sorted(set(labels))
        ]

    first = groups(before)
    ids = golden_ids(first, {})
    known = {member: one for one, group in zip(ids, first, strict=True) for member in group}

    second = groups(after)
    again = golden_ids(second, known)

    assert len(set(again)) == len(again)
    for one, group in zip(again, second, strict=True):
        if group in first:
            assert one == ids[first.index(group)]
