"""Identifiers with check digits: GTIN, GLN, SSCC, IBAN, and phone numbers in the form of E.164.

Each function takes what people write and gives the one spelling that is kept, or says in a ValueError what is wrong.
Pure and without tables of who was given which number: what fits its own digits is believed.

Sources:
    GS1 General Specifications, section 7.9 (check digits); ISO 13616-1 and the SWIFT IBAN registry;
    ITU-T Recommendation E.164.
"""

from __future__ import annotations

import re

_GAPS = str.maketrans("", "", " -.()\t\u00a0")
_GTIN_LENGTHS = (8, 12, 13, 14)
_GLN_LENGTH, _SSCC_LENGTH = 13, 18
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}", re.ASCII)
#: characters of an IBAN -> the countries whose IBANs are so long
_IBAN_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST", 26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_IBAN_LENGTHS = {country: length for length, listed in _IBAN_COUNTRIES.items() for country in listed.split()}
_IBAN_REMAINDER = 97


def gtin(text: str) -> str:
    """A global trade item number, as the shortest of 8, 13 and 14 digits that holds it.

    A number of 12 digits (UPC-A) is the one of 13 with a zero before it.

    >>> gtin("4 006381 333931"), gtin("0012345678905"), gtin("012345678905"), gtin("00000096385074")
    ('4006381333931', '0012345678905', '0012345678905', '96385074')
    """
    digits = _digits(text, _GTIN_LENGTHS, "a GTIN has 8, 12, 13 or 14 digits")
    _check_gs1(digits, "GTIN")
    short = digits.lstrip("0")
    return short.zfill(next(length for length in (8, 13, 14) if len(short) <= length))


def gtin_of(text: str, length: int) -> str:
    """The GTIN in so many digits, as a system keeps it; ValueError where it needs more.

    >>> gtin_of("4006381333931", 14), gtin_of("0012345678905", 12)
    ('04006381333931', '012345678905')
    """
    short = gtin(text).lstrip("0")
    if len(short) > length:
        raise ValueError(f"this GTIN does not fit into {length} digits")
    return short.zfill(length)


def gln(text: str) -> str:
    """A global location number.

    >>> gln("4012345 00000 9")
    '4012345000009'
    """
    digits = _digits(text, (_GLN_LENGTH,), "a GLN has 13 digits")
    _check_gs1(digits, "GLN")
    return digits


def sscc(text: str) -> str:
    """A serial shipping container code; a leading (00), which says on a label what follows, is no part of it.

    >>> sscc("(00) 3 4012345 123456789 5")
    '340123451234567895'
    """
    digits = _digits(text.strip().removeprefix("(00)"), (_SSCC_LENGTH,), "an SSCC has 18 digits")
    _check_gs1(digits, "SSCC")
    return digits


def iban(text: str) -> str:
    """An international bank account number, in capitals and without spaces.

    >>> iban("de89 3704 0044 0532 0130 00")
    'DE89370400440532013000'
    """
    made = text.translate(_GAPS).upper()
    if not _IBAN.fullmatch(made):
        raise ValueError("an IBAN begins with two letters and two digits, and has letters and digits only")
    length = _IBAN_LENGTHS.get(made[:2])
    if length is None:
        raise ValueError(f"no IBAN begins with {made[:2]}")
    if len(made) != length:
        raise ValueError(f"an IBAN of {made[:2]} has {length} characters, and this one has {len(made)}")
    # letters count as 10 to 35, and the first four characters stand at the end
    if int("".join(str(int(sign, 36)) for sign in made[4:] + made[:4])) % _IBAN_REMAINDER != 1:
        raise ValueError("the check digits of this IBAN are wrong")
    return made


def e164(text: str) -> str:
    """A phone number with its country: a plus, and 7 to 15 digits.

    >>> e164("+86 755 1234-5678")
    '+8675512345678'
    """
    made = text.translate(_GAPS)
    if not _E164.fullmatch(made):
        raise ValueError("a phone number begins with a plus and its country, and has 7 to 15 digits")
    return made


def check_digit(digits: str) -> int:
    """The last digit of a number of GS1, from those before it: every second one counts three times.

    >>> check_digit("400638133393")
    1
    """
    return -sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(digits))) % 10


def _digits(text: str, lengths: tuple[int, ...], what: str) -> str:
    digits = text.translate(_GAPS)
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in lengths:
        raise ValueError(what)
    return digits


def _check_gs1(digits: str, what: str) -> None:
    right = check_digit(digits[:-1])
    if int(digits[-1]) != right:
        raise ValueError(f"the check digit of this {what} is {digits[-1]}, and should be {right}")
