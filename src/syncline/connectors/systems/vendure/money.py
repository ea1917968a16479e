"""Amounts: Vendure keeps them in the smallest unit, the hub as text with a point. Pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from syncline.errors import RejectedError

_MOST = 2**53 - 1  #: what JSON numbers carry exactly


def shown(kept: object, digits: int) -> object:
    """The amount as text; null stays null.

    >>> shown(1234, 2), shown(12.5, 2), shown(-3, 0)
    ('12.34', '0.125', '-3')
    """
    if isinstance(kept, bool) or not isinstance(kept, int | float):
        return kept
    return format(Decimal(str(kept)).scaleb(-digits), "f")


def kept(given: object, digits: int, field: str) -> int | None:
    """The amount as Vendure keeps it; RejectedError when it has more digits than that.

    >>> kept("12.3", 2, "price")
    1230
    """
    if given is None:
        return None
    try:
        amount = Decimal("NaN" if isinstance(given, bool) else str(given)).scaleb(digits)
        whole = int(amount)
    except (InvalidOperation, ValueError, OverflowError):
        raise RejectedError(f"{field} is no amount: {str(given)[:40]!r}.") from None
    if amount != whole:
        what = f"{field} is {given}, and the shop keeps {digits} digits after the point."
        raise RejectedError(what, cure=f"Round it in the mapping: decimal({digits}).")
    if abs(whole) > _MOST:
        raise RejectedError(f"{field} is too large: {given}.")
    return whole
