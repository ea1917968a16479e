"""Names of files: whether two patterns can fit one name, so that no file is read twice or by its own writer. Pure."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache

_PIECE = re.compile(r"\*+|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
_DIGITS = "[0-9]" * 10  #: of a sequence
_LETTERS = "".join(map(chr, range(32, 127)))


def can_meet(one: str, other: str) -> bool:
    """Is there a name that fits both patterns?

    >>> can_meet("orders-*.csv", "*-2026.csv"), can_meet("orders-*.csv", "stock-*.csv")
    (True, False)
    """
    left, right = _PIECE.findall(one), _PIECE.findall(other)

    @cache
    def meet(here: int, there: int) -> bool:
        if here == len(left) and there == len(right):
            return True
        if here < len(left) and left[here].startswith("*"):
            return meet(here + 1, there) or (there < len(right) and meet(here, there + 1))
        if there < len(right) and right[there].startswith("*"):
            return meet(here, there + 1) or (here < len(left) and meet(here + 1, there))
        if here == len(left) or there == len(right):
            return False
        return _share(left[here], right[there]) and meet(here + 1, there + 1)

    return meet(0, 0)


def _share(one: str, other: str) -> bool:
    """Can one letter fit both pieces?"""
    return any(fnmatchcase(letter, one) and fnmatchcase(letter, other) for letter in {*_LETTERS, *one, *other})


def written_names(name: str, resource: str, ending: str) -> str:
    """The pattern of the names that files of a resource are written under.

    >>> fits = written_names("{resource}-{sequence}", "orders", ".csv")
    >>> can_meet(fits, "orders*.csv"), can_meet(fits, "returns*.csv")
    (True, False)
    """
    parts = name.replace("{resource}", resource).split("{sequence}")
    return _DIGITS.join(re.sub(r"([*?\[])", r"[\1]", part) for part in (*parts[:-1], parts[-1] + ending))
