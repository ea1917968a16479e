"""Numbers for value added tax: the form and the check digits of each country.

The European Union, Northern Ireland, the United Kingdom, Switzerland and Norway are checked by their own rules; numbers
of other countries by their form alone. Where a country gives its people numbers, too, only those of companies are
checked by every digit: a right number is never refused, a wrong one of a person may pass.

Source:
    European Commission, VIES VAT number algorithms; the registers of the countries (HMRC, UID-Register, Brønnøysund).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_GAPS = str.maketrans("", "", " -./:,\t\u00a0")
_NUMBER = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,15}", re.ASCII)
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_FRENCH = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_IRISH = "WABCDEFGHIJKLMNOPQRSTUV"
_CYPRIOT = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)

Check = Callable[[str], bool]


def vat(text: str, country: str = "") -> str:
    """A number for value added tax in capitals, its country first and without spaces; ValueError says what is wrong.

    `country` (ISO 3166, two letters) is put before a number that comes without one. Greece is EL here.

    >>> vat("de 136.695.976"), vat("136695976", "DE"), vat("GR 094259216")
    ('DE136695976', 'DE136695976', 'EL094259216')
    >>> vat("DE136695977")
    Traceback (most recent call last):
    ...
    ValueError: the check digits of this VAT number of DE are wrong
    """
    prefix = {"GR": "EL"}.get(country.upper(), country.upper())
    made = text.translate(_GAPS).upper()
    if made.startswith("GR"):
        made = f"EL{made[2:]}"
    if made.startswith("CHE"):
        prefix = "CH"
    if prefix and not made.startswith(prefix):
        made = prefix + made
    if not _NUMBER.fullmatch(made):
        raise ValueError("a VAT number begins with the two letters of its country")
    form, check = _RULES.get(made[:2], (_ANY, _believe))
    number = made[2:].zfill(10) if made[:2] == "BE" else made[2:]  # older ones came without the first zero
    if not re.fullmatch(form, number, re.ASCII):
        raise ValueError(f"this is not the form of a VAT number of {made[:2]}")
    if not check(number):
        raise ValueError(f"the check digits of this VAT number of {made[:2]} are wrong")
    return made[:2] + number


def _sum(number: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False))


def _weighted(weights: Sequence[int], modulus: int, remainder: int = 0) -> Check:
    """The weighted sum of all digits leaves this remainder."""
    return lambda number: _sum(number, weights) % modulus == remainder


def _luhn_sum(number: str) -> int:
    doubled = [int(digit) * (index % 2 + 1) for index, digit in enumerate(reversed(number))]
    return sum(value // 10 + value % 10 for value in doubled)


def _luhn(number: str) -> bool:
    return _luhn_sum(number) % 10 == 0


def _mod_11_10(number: str) -> bool:
    """ISO/IEC 7064, MOD 11,10."""
    check = 5
    for digit in number:
        check = ((check or 10) * 2 % 11 + int(digit)) % 10
    return check == 1


def _mod_97(number: str) -> bool:
    """ISO/IEC 7064, MOD 97-10, letters as 10 to 35."""
    return int("".join(str(int(sign, 36)) for sign in number)) % 97 == 1


def _believe(number: str) -> bool:
    return bool(number)


def _austria(number: str) -> bool:
    return int(number[-1]) == (6 - _luhn_sum(number[1:-1])) % 10


def _belgium(number: str) -> bool:
    return (int(number[:-2]) + int(number[-2:])) % 97 == 0


def _bulgaria(number: str) -> bool:
    last = int(number[-1])
    if len(number) == 9:  # noqa: PLR2004  a company's
        first = _sum(number[:8], range(1, 9)) % 11
        return last == (first if first < 10 else _sum(number[:8], range(3, 11)) % 11 % 10)  # noqa: PLR2004
    return last in {
        _sum(number[:9], (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10,
        _sum(number[:9], (21, 19, 17, 13, 11, 9, 7, 3, 1)) % 10,
        -_sum(number[:9], (4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11,
    }


def _cyprus(number: str) -> bool:
    digits = [int(digit) for digit in number[:-1]]
    total = sum(_CYPRIOT[digit] for digit in digits[::2]) + sum(digits[1::2])
    return not number.startswith("12") and number[-1] == chr(ord("A") + total % 26)


def _czechia(number: str) -> bool:
    last = int(number[-1])
    if len(number) == 8:  # noqa: PLR2004  a company's
        return last == ((-_sum(number[:7], range(8, 1, -1)) % 11) or 1) % 10
    if len(number) == 10:  # noqa: PLR2004  a person's
        return last == int(number[:9]) % 11 % 10
    return True


def _france(number: str) -> bool:
    head, siren = number[:2], number[2:]
    if siren[:3] != "000" and not _luhn(siren):  # those of Monaco have no SIREN
        return False
    if head.isdigit():
        return int(head) == int(f"{siren}12") % 97
    first, second = map(_FRENCH.index, head)
    check = first * 24 + second - 10 if head[0].isdigit() else first * 34 + second - 100
    return (int(siren) + 1 + check // 11) % 11 == check % 11


def _greece(number: str) -> bool:
    return int(number[-1]) == _sum(number[:8], [2**power for power in range(8, 0, -1)]) % 11 % 10


def _ireland(number: str) -> bool:
    new = number[:7].isdigit()
    digits = number[:7] if new else f"0{number[2:7]}{number[0]}"
    extra = _IRISH.find(number[8]) if len(number) > 8 else 0  # noqa: PLR2004  a second letter
    return extra >= 0 and number[7] == _IRISH[(_sum(digits, range(8, 1, -1)) + 9 * extra) % 23]


def _italy(number: str) -> bool:
    office = number[7:10]
    return (
        int(number[:7]) > 0 and ("001" <= office <= "100" or office in {"120", "121", "888", "999"}) and _luhn(number)
    )


def _latvia(number: str) -> bool:
    return number[0] <= "3" or _sum(number, (9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1)) % 11 == 3  # noqa: PLR2004


def _lithuania(number: str) -> bool:
    body = number[:-1]
    first = _sum(body, [1 + index % 9 for index in range(11)]) % 11
    second = _sum(body, [1 + (index + 2) % 9 for index in range(11)]) % 11 % 10
    return body[-1] == "1" and int(number[-1]) == (first if first < 10 else second)  # noqa: PLR2004


def _luxembourg(number: str) -> bool:
    return int(number[:6]) % 89 == int(number[6:])


def _netherlands(number: str) -> bool:
    return _sum(number[:9], (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 or _mod_97(f"NL{number}")


def _portugal(number: str) -> bool:
    return int(number[-1]) == -_sum(number[:8], range(9, 1, -1)) % 11 % 10


def _romania(number: str) -> bool:
    if len(number) == 13:  # noqa: PLR2004  a person's
        check = _sum(number[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
        return int(number[-1]) == (1 if check == 10 else check)  # noqa: PLR2004
    return int(number[-1]) == 10 * _sum(number[:-1].zfill(9), (7, 5, 3, 2, 1, 7, 5, 3, 2)) % 11 % 10


def _slovenia(number: str) -> bool:
    check = 11 - _sum(number[:7], range(8, 1, -1)) % 11
    return check < 11 and int(number[-1]) == check % 10  # noqa: PLR2004


def _slovakia(number: str) -> bool:
    return int(number) % 11 == 0 or int(number[:9]) % 11 % 10 == int(number[9:])


def _spain(number: str) -> bool:
    if number[0] in "XYZ":
        return number[-1] == _DNI[int(f"{'XYZ'.index(number[0])}{number[1:-1]}") % 23]
    if number[0].isdigit() or number[0] in "KLM":
        return number[-1] == _DNI[int(number[number[0] in "KLM" : -1]) % 23]
    right = next(digit for digit in range(10) if _luhn(f"{number[1:-1]}{digit}"))
    return number[-1] in (str(right), "JABCDEFGHI"[right])  # which of the two is told differently for many


def _sweden(number: str) -> bool:
    return _luhn(number[:10])


def _switzerland(number: str) -> bool:
    return int(number[9]) == -_sum(number[1:9], (5, 4, 3, 2, 7, 6, 5, 4)) % 11


def _norway(number: str) -> bool:
    return _sum(number, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def _kingdom(number: str) -> bool:
    if number[0] in "GH":  # departments and health authorities
        return True
    remainder = _sum(number[:9], (8, 7, 6, 5, 4, 3, 2, 10, 1)) % 97
    return remainder == 0 or (number >= "100" and remainder in {42, 55})


_ANY = r"[0-9A-Z]{2,15}"
_KINGDOM_FORM = r"[0-9]{9}|[0-9]{12}|GD[0-4][0-9]{2}|HA[5-9][0-9]{2}|GD8888[0-4][0-9]{4}|HA8888[5-9][0-9]{4}"

#: per country its form, compiled when it is first met, and its check
_RULES: dict[str, tuple[str, Check]] = {
    "AT": (r"U[0-9]{8}", _austria),
    "BE": (r"(?!0{10})[01][0-9]{9}", _belgium),
    "BG": (r"[0-9]{9,10}", _bulgaria),
    "CH": (r"E[0-9]{9}(MWST|TVA|IVA|TPV)?", _switzerland),
    "CY": (r"[0-9]{8}[A-Z]", _cyprus),
    "CZ": (r"[0-8][0-9]{7}|[0-9]{9,10}", _czechia),
    "DE": (r"[1-9][0-9]{8}", _mod_11_10),
    "DK": (r"[1-9][0-9]{7}", _weighted((2, 7, 6, 5, 4, 3, 2, 1), 11)),
    "EE": (r"[0-9]{9}", _weighted((3, 7, 1, 3, 7, 1, 3, 7, 1), 10)),
    "EL": (r"[0-9]{9}", _greece),
    "ES": (r"[A-HJ-NP-SUVWXYZ0-9][0-9]{7}[0-9A-Z]", _spain),
    "FI": (r"[0-9]{8}", _weighted((7, 9, 10, 5, 8, 4, 2, 1), 11)),
    "FR": (r"[0-9A-HJ-NP-Z]{2}[0-9]{9}", _france),
    "GB": (_KINGDOM_FORM, _kingdom),
    "HR": (r"[0-9]{11}", _mod_11_10),
    "HU": (r"[0-9]{8}", _weighted((9, 7, 3, 1, 9, 7, 3, 1), 10)),
    "IE": (r"[0-9]{7}[A-W]{1,2}|[0-9][A-Z+*][0-9]{5}[A-W]", _ireland),
    "IT": (r"[0-9]{11}", _italy),
    "LT": (r"[0-9]{9}|[0-9]{12}", _lithuania),
    "LU": (r"[0-9]{8}", _luxembourg),
    "LV": (r"[0-9]{11}", _latvia),
    "MT": (r"[1-9][0-9]{7}", _weighted((3, 4, 6, 7, 8, 9, 10, 1), 37)),
    "NL": (r"(?!0{9})[0-9]{9}B(?!00)[0-9]{2}", _netherlands),
    "NO": (r"[0-9]{9}(MVA)?", _norway),
    "PL": (r"[0-9]{10}", _weighted((6, 5, 7, 2, 3, 4, 5, 6, 7, -1), 11)),
    "PT": (r"[1-9][0-9]{8}", _portugal),
    "RO": (r"[1-9][0-9]{1,9}|[1-9][0-9]{12}", _romania),
    "SE": (r"[0-9]{10}01", _sweden),
    "SI": (r"[1-9][0-9]{7}", _slovenia),
    "SK": (r"[0-9]{9,10}", _slovakia),
    "XI": (_KINGDOM_FORM, _kingdom),
}
