"""A column of plain values takes the short way, and comes to the same as each value by itself."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.mapping import compile_lens
from syncline.mapping.converters.columns import canonical_numbers, kept_where, lowered, multiplied, padded
from syncline.mapping.converters.phones import E164

NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,6})?", fullmatch=True)
ODD = st.sampled_from(
    ["1e3", "-0", "-0.00", "0.00", "007", ".5", "5.", "", "1\n2", True, 12, "9" * 60, "9" * 39 + ".5"]
)
PHONES = st.sampled_from(["+4930123456", "+862012345678", "030 123456", "+1 (415) 555-2671", "ext. 12", "", "+1\n+2"])
MAILS = st.sampled_from(["A@B.example", "x@y.example", " a@b.example", "\u0130@b.example", "a\nb@c", "", "\x1fa@b"])
CASES = [
    ("decimal", NUMBERS), ("decimal(2)", NUMBERS), ("decimal(0)", NUMBERS), ("scale(1.0837, 2)", NUMBERS),
    ("scale(100, 0)", NUMBERS), ("scale(0.001)", NUMBERS), ("scale(-3, 6)", NUMBERS), ("phone", PHONES),
    ("phone(DE)", PHONES), ("email(lower)", MAILS), ("email", MAILS),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "values"), CASES)
@given(data=st.data())
def test_a_column_is_read_like_each_of_its_values(expression, values, data):
    page = data.draw(st.lists(values, min_size=1, max_size=5) | st.lists(values | ODD, min_size=1, max_size=5))
    lens = compile_lens({"a": f"a | {expression}"})

    together, apart = (lens.get([msgspec.json.encode({"a": one}) for one in rows]) for rows in (page, [*page, None]))

    assert together.columns[0] == apart.columns[0][:-1]  # null, which the short way does not take
    assert together.problems == apart.problems


@pytest.mark.parametrize(("expression", "values"), CASES)
@given(data=st.data())
def test_a_column_is_written_like_each_of_its_values(expression, values, data):
    page = data.draw(st.lists(values, min_size=1, max_size=5) | st.lists(values | ODD, min_size=1, max_size=5))
    lens = compile_lens({"a": f"a | {expression}"})
    told, wanted = [], []

    together = lens.put([[one] for one in page], problems=told, whole=True)
    apart = lens.put([[one] for one in [*page, None]], problems=wanted)

    assert together == apart[:-1]
    assert told == wanted


@pytest.mark.parametrize(
    ("short", "column", "made"),
    [
        (kept_where(E164), ["+4930123456", "+12025550123"], ["+4930123456", "+12025550123"]),
        (lowered, ["A@B.example", " c@d.example"], ["a@b.example", "c@d.example"]),
        (canonical_numbers, ["1.50", "-0.0", "20", "100.00"], ["1.5", "0", "20", "100"]),
        (padded(2), ["1", "1.5", "0.25"], ["1.00", "1.50", "0.25"]),
    ],
)
def test_plain_values_do_take_the_short_way(short, column, made):
    assert short(column) == made


def test_a_factor_that_rounds_to_many_places_has_no_short_way():
    assert multiplied(3, 18, lambda one, other: one * other) is None
