"""What each analysis suggests to say to customers, in the one form that a plan of interaction chooses from.

How much a contact changes is nobody's guess but the user's: every function asks for it, and the reason repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from syncline.analytics.interaction.churn import CHURN
from syncline.analytics.interaction.clv import CLV
from syncline.analytics.interaction.hits import RATES
from syncline.analytics.interaction.likely_next import NEXT
from syncline.analytics.interaction.notices import NOTICES
from syncline.analytics.interaction.offers import OFFERS
from syncline.analytics.interaction.planning import SUGGESTIONS
from syncline.analytics.tables import asked, made
from syncline.errors import RejectedError

_LEAST_ALIVE = 0.05  #: a customer whose chance to be alive is smaller is worth no more than with that one
_Row = tuple[str, str, str, date, float, float, bool, str]


def win_back(churn: pa.Table, worth: pa.Table, when: date, *, lift: float) -> pa.Table:
    """A person's contact with each customer who may leave: p = p_churn x lift, worth = clv / p_alive [money].

    Args:
        churn: As `CHURN`.
        worth: As `CLV`; customers who are not among them are left out.
        when: The day from which it is done.
        lift: Share of those who leave that such a contact keeps, 0..1.

    Raises:
        SetupError: a column is missing.
        RejectedError: the lift is no share.

    >>> empty = pa.array([[]], pa.list_(pa.string()))
    >>> churn = made(CHURN, {"customer": ["a"], "p_churn": [0.5], "top_reasons": empty})
    >>> figures = dict.fromkeys(("exp_purchases", "exp_value", "clv", "low", "high", "p_alive"), [80.0])
    >>> worth = made(CLV, {"customer": ["a"], **figures, "p_alive": [0.4]})
    >>> [(row["p"], row["worth"], row["why"]) for row in win_back(churn, worth, date(2026, 3, 2), lift=0.1).to_pylist()]
    [(0.05, 200.0, '50% to leave, a contact keeps 10%')]
    """
    _share(lift)
    known = {row["customer"]: row for row in asked(CLV, worth, name="values").to_pylist()}
    rows: list[_Row] = []
    for row in asked(CHURN, churn, name="churn").to_pylist():
        if one := known.get(row["customer"]):
            alive = 1.0 if one["p_alive"] is None else max(one["p_alive"], _LEAST_ALIVE)
            why = f"{row['p_churn']:.0%} to leave, a contact keeps {lift:.0%}; {'; '.join(row['top_reasons'])}"
            money = one["clv"] / alive
            rows.append(
                (row["customer"], "win back", "task", when, row["p_churn"] * lift, money, False, why.rstrip("; "))
            )
    return _table(rows)


def recommend(advice: pa.Table, rates: pa.Table, when: date, *, lift: float) -> pa.Table:
    """A campaign for the best product of each customer: p = hit rate x lift, worth = its margin [money].

    Args:
        advice: As `NEXT`; products of unknown margin are left out.
        rates: As `RATES`: how often advice of that rank came true.
        when: The day from which it is done; the promise date where that is later.
        lift: Purchases that the contact adds, for each that comes by itself, 0..1.

    Raises:
        SetupError: a column is missing.
        RejectedError: the lift is no share.

    >>> day, cup = date(2026, 3, 2), {"product": ["cup"], "because_of": [["tea"]], "in_stock": [True], "margin": [9.0]}
    >>> advice = made(NEXT, {"customer": ["a"], "rank": [1], "score": [0.3], "promise_date": [day], **cup})
    >>> rates = made(RATES, {"rank": [1], "rate": [0.2], "customers": [50]})
    >>> [(row["p"], row["why"]) for row in recommend(advice, rates, day, lift=0.5).to_pylist()]
    [(0.1, 'cup because of tea; came true in 20.0%, raised by 50%')]
    """
    _share(lift)
    rate = dict(
        zip(*(asked(RATES, rates, name="rates").column(name).to_pylist() for name in ("rank", "rate")), strict=True)
    )
    rows: list[_Row] = []
    for row in asked(NEXT, advice, name="advice").to_pylist():
        if row["rank"] == 1 and row["margin"] is not None and row["rank"] in rate:
            why = f"{row['product']} because of {', '.join(row['because_of'])}"
            why += f"; came true in {rate[1]:.1%}, raised by {lift:.0%}"
            p = rate[row["rank"]] * lift
            rows.append((row["customer"], "recommend", "campaign", when, p, row["margin"], False, why))
    return _table(rows)


def tell_delays(notices: pa.Table, *, by_person: Sequence[str] = ()) -> pa.Table:
    """Every notice that is due, owed whatever it brings; a person tells the customers of `by_person`.

    Args:
        notices: As `NOTICES`.
        by_person: Customers, such as those of the highest priority.

    Raises:
        SetupError: a column is missing.

    >>> tell_delays(NOTICES.schema.empty_table()).num_rows
    0
    """
    people = frozenset(by_person)
    rows: list[_Row] = []
    for row in asked(NOTICES, notices, name="notices").to_pylist():
        why = f"{row['old']} is now {row['new']}, caused by {row['object']} in {row['system']}"
        channel = "task" if row["customer"] in people else "campaign"
        action = f"tell of the new date of {row['order']}"
        rows.append((row["customer"], action, channel, row["send_at"].date(), 0.0, 0.0, True, why))
    return _table(rows)


def make_offers(offers: pa.Table, when: date, *, lift: float) -> pa.Table:
    """A person's offer for each open opportunity: p = lift, worth = the expected margin of what is reserved [money].

    Args:
        offers: As `OFFERS`.
        when: The day from which it is done.
        lift: Share of the expected margin that the offer adds, 0..1.

    Raises:
        SetupError: a column is missing.
        RejectedError: the lift is no share.

    >>> make_offers(OFFERS.schema.empty_table(), date(2026, 3, 2), lift=0.2).num_rows
    0
    """
    _share(lift)
    rows: list[_Row] = []
    for row in asked(OFFERS, offers, name="offers").to_pylist():
        if row["reserved"]:
            said = f"{row['qty']:g} of {row['product']} at {row['price']:g} by {row['promise_date']}"
            action = f"offer for {row['opportunity']}"
            why = f"{said}: {row['why']}; an offer adds {lift:.0%}"
            rows.append((row["customer"], action, "task", when, lift, row["expected_margin"], False, why))
    return _table(rows)


def _share(lift: float) -> None:
    if not 0 <= lift <= 1:
        raise RejectedError(f"A lift of {lift} is no share.", cure="Give the share that contacts have changed, 0 to 1.")


def _table(rows: Sequence[_Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(SUGGESTIONS.columns)
    arrays = {one.name: pa.array(column, one.type) for one, column in zip(SUGGESTIONS.columns, columns, strict=True)}
    return made(SUGGESTIONS, arrays)
