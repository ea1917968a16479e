"""A profile counts what is there, stays small, tells no secret and sees a shift."""

import random

from msgspec import UNSET

from syncline.quality.profile import EXACT, LEAST_SHARE, FieldProfile, Profiler, shape, shift


def profile(values: list, **changes) -> FieldProfile:
    one = Profiler("f", **changes)
    for start in range(0, len(values), 500):
        one.add(values[start : start + 500])
    return one.done()


def test_blanks_are_told_apart():
    made = profile(["x", "", None, UNSET, [], "y", "x"])

    assert (made.records, made.absent, made.nulls, made.empties) == (7, 1, 1, 2)
    assert (made.distinct, made.exact, made.top) == (2, True, {"x": 2})
    assert made.blanks == 4 / 7


def test_shapes_and_lengths():
    made = profile(["AB-123", "CD-456", "E-7"])

    assert made.shapes == {"AA-999": 2, "A-9": 1}
    assert (made.shortest, made.longest) == (3, 6)
    assert len(shape("x1" * 500)) <= 24


def test_numbers_with_a_robust_outlier():
    made = profile([str(number) for number in range(1, 100)] + ["10000"])

    assert made.numbers is not None
    assert (made.numbers.least, made.numbers.most, made.numbers.mean) == ("1", "10000", 149.5)
    assert (made.numbers.median, made.numbers.mad, made.numbers.outliers) == (50.5, 25.0, 0.01)
    assert profile(["1", "x"]).numbers is None


def test_distinct_values_are_exact_up_to_a_bound_and_then_close():
    assert (profile(list(range(EXACT))).distinct, profile(list(range(EXACT))).exact) == (EXACT, True)
    many = profile([f"v{number}" for number in range(3 * EXACT)] * 2)

    assert not many.exact
    assert abs(many.distinct - 3 * EXACT) < 0.03 * 3 * EXACT


def test_no_value_of_a_secret_field_is_told_or_kept():
    made = profile(["DE89", "DE89", "FR76"], secret=True)

    assert "DE89" not in repr(made)
    assert made.distinct == 2


def test_the_same_values_do_not_shift_and_others_do():
    chance = random.Random(5)  # noqa: S311  a seed repeats
    first = [str(chance.randint(0, 1000)) for _ in range(2000)]
    before = profile(first)

    assert before.psi is None
    assert (profile(first, before=before).psi or 0) < 0.01
    assert (profile([str(int(one) + 600) for one in first], before=before).psi or 0) > 0.2


def test_a_new_category_shifts_and_new_nulls_are_told():
    before = profile(["a", "b"] * 50)
    after = profile(["a"] * 25 + ["c"] * 25 + [None] * 50, before=before)

    assert after.psi is not None
    assert after.psi > 0.2
    assert after.new_nulls == 0.5


def test_shapes_are_compared_where_values_are_too_many():
    before = profile([f"AB-{number:03}" for number in range(400)])
    same = profile([f"XY-{number:03}" for number in range(500)], before=before)
    other = profile([f"{number:03}/AB" for number in range(400)], before=before)

    assert before.basis == "shapes"
    assert same.psi == 0.0
    assert other.psi is not None
    assert other.psi > 0.2


def test_an_empty_bin_is_no_infinity():
    assert shift({"a": 1}, {"b": 1}) < 2 / LEAST_SHARE
