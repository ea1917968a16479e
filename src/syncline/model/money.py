"""An amount with its currency, exact to the last digit.

Source:
    ISO 4217:2015, list one: the codes, and the decimal places of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

#: decimal places of the smallest unit -> currencies; all others that are in use have two
_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
    CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN
    NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
    SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_PLACES_OF = {code: places for places, codes in _PLACES.items() for code in codes.split()}
_EXACT = Context(prec=200, rounding=ROUND_HALF_UP)


class Money(NamedTuple):
    """An amount in a currency; `money` makes one that is checked."""

    amount: Decimal
    currency: str  #: ISO 4217, three letters

    def __str__(self) -> str:
        """As people read it, in the places of the currency or more."""
        places = max(places_of(self.currency), -int(self.amount.normalize(_EXACT).as_tuple().exponent))
        return f"{self.amount.quantize(Decimal(1).scaleb(-places), context=_EXACT):f} {self.currency}"


def money(amount: Decimal | int | str, code: str) -> Money:
    """An amount in a currency; ValueError where either is none.

    >>> money("12.5", "EUR")
    Money(amount=Decimal('12.5'), currency='EUR')
    >>> print(money("12.5", "EUR"), money("12.5", "JPY"), money(3, "KWD"))
    12.50 EUR 12.5 JPY 3.000 KWD
    """
    places_of(code)
    exact = Decimal(amount)
    if not exact.is_finite():
        raise ValueError("an amount is a finite number")
    return Money(exact, code)


def places_of(code: str) -> int:
    """The decimal places of the smallest unit of a currency.

    >>> places_of("EUR"), places_of("JPY"), places_of("BHD")
    (2, 0, 3)
    """
    places = _PLACES_OF.get(code)
    if places is None:
        raise ValueError(f"`{code}` is no currency; write the three letters of ISO 4217, such as EUR")
    return places


def currency(code: str) -> str:
    """The code of a currency that is in use.

    >>> currency("EUR")
    'EUR'
    """
    places_of(code)
    return code


def rounded(one: Money) -> Money:
    """To whole smallest units, half up, as invoices are.

    >>> rounded(money("12.345", "EUR")).amount, rounded(money("12.5", "JPY")).amount
    (Decimal('12.35'), Decimal('13'))
    """
    return Money(one.amount.quantize(Decimal(1).scaleb(-places_of(one.currency)), context=_EXACT), one.currency)


def minor(one: Money) -> int:
    """In smallest units; ValueError where that is no whole number.

    >>> minor(money("12.34", "EUR")), minor(money(500, "JPY"))
    (1234, 500)
    """
    units = one.amount.scaleb(places_of(one.currency), context=_EXACT)
    if units != units.to_integral_value():
        raise ValueError(f"{one.amount:f} {one.currency} is no whole number of smallest units")
    return int(units)


def of_minor(units: int, code: str) -> Money:
    """So many smallest units.

    >>> of_minor(1234, "EUR").amount, of_minor(500, "JPY").amount
    (Decimal('12.34'), Decimal('500'))
    """
    return Money(Decimal(units).scaleb(-places_of(code), context=_EXACT), code)


def total(amounts: Iterable[Money]) -> Money:
    """Their sum; ValueError where there is none, or they are in more than one currency.

    >>> total([money("0.1", "EUR"), money("0.2", "EUR")]).amount
    Decimal('0.3')
    """
    listed = list(amounts)
    currencies = sorted({one.currency for one in listed})
    if len(currencies) != 1:
        raise ValueError(f"amounts in {' and '.join(currencies) or 'no currency'} cannot be added")
    made = Decimal(0)
    for one in listed:
        made = _EXACT.add(made, one.amount)
    return Money(made, currencies[0])
