"""The laws of dS: what is told of a change is enough to make it, once, in any order, and to find one changed row."""

from hypothesis import given
from hypothesis import strategies as st

from syncline.quality.difference import BUCKETS, Change, apply, bucket_of, buckets, compose, diff, suspects

VALUE = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "b"]))
STATE = st.dictionaries(st.sampled_from("abcdef"), st.lists(VALUE, min_size=2, max_size=2), max_size=6)


def typed(state: dict) -> dict:
    """True is not 1 here."""
    return {key: [(type(one), one) for one in row] for key, row in state.items()}


@given(STATE, STATE)
def test_applying_the_difference_gives_the_new_state(old: dict, new: dict):
    assert typed(apply(old, diff(old, new))) == typed(new)


@given(STATE)
def test_nothing_differs_from_itself(state: dict):
    assert diff(state, state) == {}


@given(STATE, STATE)
def test_twice_is_once(old: dict, new: dict):
    changes = diff(old, new)

    assert apply(apply(old, changes), changes) == apply(old, changes)


@given(STATE, STATE, STATE)
def test_two_differences_are_one(first: dict, second: dict, third: dict):
    one, then = diff(first, second), diff(second, third)

    assert apply(first, compose(one, then)) == apply(apply(first, one), then)


@given(STATE, STATE, st.randoms())
def test_different_keys_come_in_any_order(old: dict, new: dict, chance):
    changes = list(diff(old, new).items())
    chance.shuffle(changes)
    state = old
    for key, change in changes:
        state = apply(state, {key: change})

    assert state == apply(old, diff(old, new))


@given(STATE, STATE)
def test_a_delete_survives_a_replay(old: dict, new: dict):
    changes = diff(old, new)
    gone = [key for key, change in changes.items() if change.op == "delete"]
    again = apply(apply(old, changes), changes)

    assert not again.keys() & set(gone)
    assert sorted(gone) == sorted(old.keys() - new.keys())


def test_operations_are_named_and_their_fields():
    changes = diff({"a": [1, 2], "b": [1, 2]}, {"a": [1, 3], "c": [1, 2]})

    told = {key: (change.op, change.fields) for key, change in changes.items()}
    assert told == {"a": ("update", (1,)), "b": ("delete", (0, 1)), "c": ("insert", (0, 1))}
    assert isinstance(changes["a"], Change)


@given(st.integers(0, 19_999))
def test_one_changed_row_is_found_by_reading_one_bucket(number: int):
    rows = {f"k{one}": [one, "x"] for one in range(number, number + 300)}
    key = f"k{number + 7}"
    changed = {**rows, key: [-1, "x"]}

    found = suspects(buckets(rows.items()), buckets(reversed(changed.items())))

    assert found == [bucket_of(key)]
    assert len(found) <= 2 * BUCKETS / 4096
