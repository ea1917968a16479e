"""How demand answers to price: a constant elasticity per product, drawn towards that of its group.

Products whose price hardly moved say little of their own; their group does. So the estimates of a group are shrunk
towards its mean by as much as each is uncertain (empirical Bayes). What lies outside the prices that were observed,
widened by a tenth, is refused: there is no evidence there.

Sources: Tellis (1988), The price elasticity of selective demand, JMR 25 (constant elasticity); Efron & Morris (1975),
Data analysis using Stein's estimator (shrinkage).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.hierarchy import groups_of
from syncline.analytics.demand.known import Sources, known_of
from syncline.analytics.demand.layouts import ELASTICITY, WHAT_IF
from syncline.analytics.demand.panel import panel_of
from syncline.analytics.tables import asked, made
from syncline.errors import RejectedError, SetupError

Array = NDArray[np.float64]

BEYOND = 0.1  #: how far outside the observed prices may be asked
FEWEST = 8  #: demands at a known price, from which an elasticity is told
MOVED = 0.01  #: the least standard deviation of the logarithm of the price
_USUAL, _SPREAD = -1.0, 1.0  #: where no product tells anything: unit elasticity, hardly weighted
_MOST = 8.0  #: no elasticity beyond


class Slope(NamedTuple):
    """What one product's history says."""

    value: float | None
    error: float  #: standard error
    cases: int  #: demands at a known price


def slope_of(qty: Array, price: Array) -> Slope:
    """Least squares of ln q on ln p, where both are above zero.

    >>> slope_of(np.array([8.0, 4, 8, 4, 8, 4, 8, 4]), np.array([1.0, 2] * 4)).cases
    8
    """
    told = (qty > 0) & (price > 0)
    q, p = np.log(qty[told]), np.log(price[told])
    if len(q) < FEWEST or p.std() < MOVED:
        return Slope(None, np.inf, len(q))
    x = p - p.mean()
    squares = float(x @ x)
    slope = float(x @ q) / squares
    left = q - q.mean() - slope * x
    return Slope(slope, float(np.sqrt(float(left @ left) / (len(q) - 2) / squares)), len(q))


def price_elasticity(
    history: pa.Table, prices: pa.Table, *, freq: str | None = None, hierarchy: pa.Table | None = None
) -> pa.Table:
    """The elasticity of every product [% of demand per % of price].

    Args:
        history: `HISTORY`: key, period, qty.
        prices: `PRICES`: key, period, price [money]; each goes on until the next.
        freq: of the history; None reads it from the periods.
        hierarchy: `BELONGS`: towards which group a product is drawn; without it towards all.

    Returns:
        `ELASTICITY`: never above 0; with the weight of the product's own history and the prices that were observed.

    Raises:
        RejectedError: no product has a price.

    >>> from datetime import date
    >>> weeks = [date.fromordinal(739000 + 7 * week) for week in range(10)]
    >>> sold = pa.table({"key": ["a"] * 10, "period": weeks, "qty": [8.0, 2.0] * 5})
    >>> cost = pa.table({"key": ["a"] * 10, "period": weeks, "price": [1.0, 2.0] * 5})
    >>> price_elasticity(sold, cost, freq="W").column("elasticity").to_numpy().round(6).tolist()
    [-2.0]
    """
    panel = panel_of(history, freq=freq)
    cells = known_of(panel, Sources(prices=prices), 1)[0].cells[:, :-1]
    width = cells.shape[1]
    slopes, ranges = [], []
    for y, price in zip(panel.series, cells, strict=True):
        mine = price[width - len(y) :]
        slopes.append(slope_of(y, mine))
        ranges.append(_range(mine))
    priced = np.array([one[0] > 0 for one in ranges])
    if not priced.any():
        raise RejectedError("No product of the history has a price.", cure="Give prices of the same keys.")
    groups = groups_of(hierarchy)
    value, weight = _shrunk(slopes, np.array([groups.get(key, "") for key in panel.keys]))
    rows = np.flatnonzero(priced)
    columns: Mapping[str, object] = {
        "key": [panel.keys[at] for at in rows],
        "elasticity": np.clip(value, -_MOST, 0.0)[rows],
        "own": pa.array([slopes[at].value for at in rows], pa.float64()),
        "weight": weight[rows],
        "price": [ranges[at][0] for at in rows],
        "price_low": [ranges[at][1] for at in rows],
        "price_high": [ranges[at][2] for at in rows],
        "n_obs": [slopes[at].cases for at in rows],
        "flag": [_flag(slopes[at], float(value[at])) for at in rows],
    }
    return made(ELASTICITY, columns)


def _range(price: Array) -> tuple[float, float, float]:
    """The last price, the lowest, the highest; 0 where there is none."""
    seen = price[np.isfinite(price) & (price > 0)]
    return (float(seen[-1]), float(seen.min()), float(seen.max())) if len(seen) else (0.0, 0.0, 0.0)


def _shrunk(slopes: list[Slope], group: NDArray[np.str_]) -> tuple[Array, Array]:
    """Elasticities drawn to the mean of their group, and the weight of the own one."""
    own = np.array([one.value if one.value is not None else np.nan for one in slopes])
    variance = np.array([max(one.error, 1e-6) ** 2 for one in slopes])
    value, weight = np.full(len(own), _USUAL), np.zeros(len(own))
    for name in np.unique(group):
        mine = group == name
        told = mine & np.isfinite(own)
        if not told.any():
            told = np.isfinite(own)
        if not told.any():
            continue
        trust = 1 / (variance[told] + _SPREAD**2)
        centre = float(np.sum(trust * own[told]) / np.sum(trust))
        between = float(np.mean((own[told] - centre) ** 2 - variance[told])) if told.sum() > 2 else _SPREAD**2  # noqa: PLR2004  a spread takes three
        between = max(between, 1e-6)
        known = np.isfinite(own) & mine
        weight[known] = between / (between + variance[known])
        value[mine] = centre
        value[known] = weight[known] * own[known] + (1 - weight[known]) * centre
    return value, weight


def _flag(slope: Slope, value: float) -> str:
    said = []
    if slope.value is None:
        said.append("its own price hardly moved: the elasticity is that of others")
    if value > 0:
        said.append("demand rose with the price: taken as none")
    return "; ".join(said)


def what_if_price(forecast_rows: pa.Table, elasticity: pa.Table, change: float) -> pa.Table:
    """The forecast at prices that differ by `change` (-0.1 is a tenth less): q' = q (1 + change)^elasticity.

    A promotion is a change of price for some periods: give only their rows.

    Returns:
        `WHAT_IF`; a product whose price would leave the observed range by more than a tenth stays as it is, flagged.

    Raises:
        SetupError: a change of -100 % or less.

    >>> from datetime import date
    >>> rows = pa.table({"key": ["a"], "period": [date(2026, 1, 5)], "mean": [100.0]})
    >>> told = {"elasticity": [-2.0], "own": [-2.0], "weight": [1.0], "price": [10.0], "price_low": [8.0]}
    >>> table = pa.table({"key": ["a"], **told, "price_high": [12.0], "n_obs": [20], "flag": [""]})
    >>> what_if_price(rows, table, -0.1).select(["mean_then", "revenue_then"]).to_pylist()
    [{'mean_then': 123.45679012345678, 'revenue_then': 1111.111111111111}]
    """
    if change <= -1:
        raise SetupError(f"A change of {change:.0%} leaves no price.", cure="Give a share above -1, for instance -0.1.")
    known = asked(ELASTICITY, elasticity, name="elasticity").to_pydict()
    place = {key: at for at, key in enumerate(known["key"])}
    columns: dict[str, list[object]] = {column.name: [] for column in WHAT_IF.columns}
    named = zip(*(forecast_rows.column(name).to_pylist() for name in ("key", "period", "mean")), strict=True)
    for key, period, mean in named:
        at = place.get(key)
        price = known["price"][at] if at is not None else 0.0
        then, flag = price * (1 + change), ""
        factor = (1 + change) ** known["elasticity"][at] if at is not None else 1.0
        if at is None:
            flag = "no price is known"
        elif not inside(then, known["price_low"][at], known["price_high"][at]):
            then, factor, flag = price, 1.0, "outside the observed prices: no evidence there"
        row = (key, period, mean, mean * factor, mean * price, mean * factor * then, flag)
        for name, value in zip(columns, row, strict=True):
            columns[name].append(value)
    return made(WHAT_IF, columns)


def inside(price: float, low: float, high: float) -> bool:
    """Whether there is evidence for a price: within the observed ones, widened by a tenth.

    >>> inside(9.0, 10.0, 12.0), inside(8.9, 10.0, 12.0)
    (True, False)
    """
    return low * (1 - BEYOND) - 1e-9 <= price <= high * (1 + BEYOND) + 1e-9
