"""What customers are worth: repeat purchases times what one is, times the margin, discounted."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from syncline.analytics.interaction.intervals import interval
from syncline.analytics.interaction.purchases import Floats, Summary, purchases_of, summary_of
from syncline.analytics.interaction.repeats import Counted, Repeating, counted, fitted
from syncline.analytics.interaction.seasons import WEEKS_A_YEAR, season_of
from syncline.analytics.interaction.spend import Spending, Spent, spent
from syncline.analytics.tables import Column, Layout, made
from syncline.errors import RejectedError

CLV = Layout(
    row="one customer",
    columns=(
        Column("customer", pa.string()),
        Column("exp_purchases", pa.float64()),  # in the horizon
        Column("exp_value", pa.float64(), unit="money"),  # of one purchase
        Column("clv", pa.float64(), unit="money"),  # margin in the horizon, discounted to as_of
        Column("low", pa.float64(), unit="money"),  # in 80 of 100 cases it is between these
        Column("high", pa.float64(), unit="money"),
        Column("p_alive", pa.float64(), nullable=True),  # 0..1; null where nobody can be seen to leave
    ),
)
_STEP = 4  #: weeks that are discounted together
_LONGEST = 520  #: weeks
_SHARE = 0.8  #: of the cases that the interval holds


class CustomerValue(NamedTuple):
    """What customers are worth, and the models that say so."""

    table: pa.Table  #: `CLV`
    repeating: Repeating
    spending: tuple[Spending, ...]  #: one, or one for each group of alike frequency
    correlation: float  #: of repeats and mean amount; below 0.3 the two models may be multiplied
    season: float  #: by which purchases in the horizon differ from the mean; 1 where it is not applied
    degenerate: bool  #: nobody can be seen to leave: NBD, and no probability of being alive
    flag: str  #: in words what weakens the figures; "" when nothing does


def clv(
    tx: pa.Table, as_of: date, horizon_weeks: int, discount_annual: float, margin: float, *, seed: int = 1
) -> CustomerValue:
    """Margin that each customer will bring in the next weeks [money], with an interval of 80 %.

    clv = margin x E[amount] x sum over steps of (E[X(t+4)] - E[X(t)]) / (1 + discount)^((t+4)/52), with E[X] of BG/NBD
    and E[amount] of Gamma-Gamma.

    Args:
        tx: As `PURCHASES`.
        as_of: Later purchases are not looked at.
        horizon_weeks: 1 to 520.
        discount_annual: Per year, 0.1 for 10 %.
        margin: Share of the amount that is earned, above 0, at most 1.
        seed: Of the draws for the interval.

    Raises:
        SetupError, RejectedError: see `purchases_of`; an argument is out of its range; nearly nobody came back.

    Source:
        The papers that `repeats` and `spend` name.

    >>> days = [(f"c{i}", date(2025, 1 + (5 * i + 3 * k) % 12, 1 + i % 28)) for i in range(60) for k in range(i % 4)]
    >>> tx = pa.table({"customer": [c for c, _ in days], "day": [d for _, d in days], "amount": [20.0] * len(days)})
    >>> worth = clv(tx, date(2025, 12, 31), 26, 0.1, 0.5)
    >>> worth.table.num_rows, worth.degenerate, min(worth.table.column("clv").to_pylist()) > 0
    (45, True, True)
    """
    _check(horizon_weeks, discount_annual, margin)
    purchases = purchases_of(tx, as_of)
    summary = summary_of(purchases, as_of)
    model = fitted(counted(summary))
    season, said = season_of(purchases, as_of, horizon_weeks) if model.degenerate else (1.0, "")
    money = spent(summary.repeats, summary.value, purchases.amount[purchases.first_row])
    columns = _columns(model, money, summary, horizon_weeks, discount_annual)
    low, high = interval(model, money, summary, horizon_weeks, share=_SHARE, seed=seed)
    columns |= {"low": margin * columns["fair"] * low, "high": margin * columns["fair"] * high}
    columns["clv"] = margin * columns["clv"]
    scaled = {name: columns[name] * season for name in ("exp_purchases", "clv", "low", "high")}
    table = made(CLV, {"customer": summary.customers, **columns, **scaled, "p_alive": _alive(model, summary)})
    flag = " ".join(text for text in (said, money.flag) if text)
    return CustomerValue(table, model, money.models, money.correlation, season, model.degenerate, flag)


def _columns(model: Repeating, money: Spent, summary: Summary, weeks: int, discount: float) -> dict[str, Floats]:
    """Purchases, amount and discounted money, and the share that discounting leaves."""
    customers = counted(summary)
    purchases = model.expected(customers, weeks)
    discounted = _discounted(model, customers, weeks, discount)
    fair = np.divide(discounted, purchases, out=np.ones_like(purchases), where=purchases > 0)
    return {
        "exp_purchases": purchases[customers.back],
        "exp_value": money.value,
        "clv": money.value * discounted[customers.back],
        "fair": fair[customers.back],
    }


def _discounted(model: Repeating, customers: Counted, weeks: int, discount: float) -> Floats:
    total, before = np.zeros(len(customers.many)), np.zeros(len(customers.many))
    for until in [*range(_STEP, weeks, _STEP), weeks]:
        now = model.expected(customers, until)
        total += (now - before) / (1 + discount) ** (until / WEEKS_A_YEAR)
        before = now
    return total


def _alive(model: Repeating, summary: Summary) -> pa.Array:
    customers = counted(summary)
    alive = None if model.degenerate else model.alive(customers)[customers.back]
    return pa.nulls(len(summary.customers), pa.float64()) if alive is None else pa.array(alive)


def _check(weeks: int, discount: float, margin: float) -> None:
    if not 1 <= weeks <= _LONGEST:
        raise RejectedError(f"A horizon of {weeks} weeks is out of range.", cure=f"Take 1 to {_LONGEST} weeks.")
    if not 0 <= discount <= 1:
        raise RejectedError(f"A discount of {discount} a year is out of range.", cure="Write 0.1 for 10 %.")
    if not 0 < margin <= 1:
        raise RejectedError(f"A margin of {margin} is out of range.", cure="Write 0.3 for 30 % of the amount.")
