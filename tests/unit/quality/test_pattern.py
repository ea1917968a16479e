"""A pattern means what a regular expression means, and no text makes it slow."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.quality.pattern import LONGEST_TEXT, Pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "", "a", "a|", "ab|cd", "(a|b)*c", "a{3}", "a{2,}b", "a{0,2}", "[a-c]+", "[^a-c]?", "(?:ab)+", "^a.b$",
        r"\d{2}",
        r"\w+\s\W", "[]a]+", "[a-]+", r"\.", "(a|ab)(c|bcd)(d*)", "((a?){3}){2}", r"[\d_]+x", "()", "(|a)b",
    ],
)  # fmt: skip
@given(text=st.text(alphabet="abcd 12_.-]x", max_size=12))
def test_it_agrees_with_the_standard_library(pattern: str, text: str):
    assert Pattern(pattern).matches(text) == (re.fullmatch(pattern, text, re.DOTALL) is not None)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)*b", "a*a*a*a*a*b", "(a?){100}a{100}", "((a*)*)*b"])
def test_a_catastrophic_pattern_takes_one_step_per_character(pattern: str):
    steps = []

    class Watched(Pattern):
        __slots__ = ()

        def _step(self, now, char):
            steps.append(char)
            return super()._step(now, char)

    watched = Watched(pattern)

    assert not watched.matches("a" * (LONGEST_TEXT - 1) + "c")
    assert len(steps) <= LONGEST_TEXT


@pytest.mark.parametrize(
    "pattern",
    ["(", "a)", "[a", "*a", "a**", "a{", "a{2", "a{x}", "a{3,2}", "(?=a)", r"(a)\1", r"\q", "a" * 201,
     "(a{1000}){1000}",
     "a^b", "[z-a]", "\\", "a{99999}"],
)  # fmt: skip
def test_what_is_not_understood_is_refused(pattern: str):
    with pytest.raises(ValueError, match="pattern"):
        Pattern(pattern)


def test_a_text_beyond_all_bounds_matches_nothing():
    assert Pattern("a*").matches("a" * LONGEST_TEXT)
    assert not Pattern("a*").matches("a" * (LONGEST_TEXT + 1))
