"""Text of strangers, made safe for a terminal: a record must not be able to move the cursor or hide a line."""

from __future__ import annotations

import unicodedata

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  #: parts of words in Persian and in Indian scripts


def plain(text: str) -> str:
    r"""Control and direction characters as escapes; everything else as it is.

    >>> plain("Jade\x1b[2J\nRiver")
    'Jade\\x1b[2J\\nRiver'
    """
    if text.isprintable():
        return text
    return "".join(_escaped(one) if _is_unseen(one) else one for one in text)


def _is_unseen(one: str) -> bool:
    return one not in _JOINERS and unicodedata.category(one) in _UNSEEN


def _escaped(one: str) -> str:
    return one.encode("unicode_escape").decode()
