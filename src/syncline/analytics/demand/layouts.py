"""The tables of demand: what the functions of this package ask for, and what they promise."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from syncline.analytics.tables import ALWAYS, Column, Layout

KEY = Column("key", pa.string(), available_at=ALWAYS)
DATE = Column("period", pa.date32(), available_at=ALWAYS)
FLAG = Column("flag", pa.string())  #: in words; empty where nothing is to be said

ORDERS = Layout(
    row="one line of an order",
    columns=(KEY, Column("date", pa.date32()), Column("qty", pa.float64(), unit="unit")),
)
HISTORY = Layout(
    row="one product in one period",
    columns=(KEY, DATE, Column("qty", pa.float64(), unit="unit")),
)
PERIODS = Layout(
    row="one product in one period, none left out",
    columns=(*HISTORY.columns, Column("returned", pa.float64(), unit="unit"), FLAG),
)
STOCK = Layout(
    row="the stock of one product in one period",
    columns=(
        KEY,
        DATE,
        Column("on_hand_open", pa.float64(), unit="unit"),
        Column("receipts", pa.float64(), unit="unit"),
        Column("stockout_hours", pa.float64(), unit="h"),
    ),
)
UNCENSORED = Layout(
    row="one product in one period",
    columns=(
        KEY,
        DATE,
        Column("qty_unconstrained", pa.float64(), unit="unit"),
        Column("lost_units", pa.float64(), unit="unit"),
        Column("censored", pa.bool_()),
        Column("weight", pa.float64()),  #: 0 where demand could not be seen at all
        FLAG,
    ),
)
CLASSES = Layout(
    row="one product",
    columns=(
        KEY,
        Column("adi", pa.float64(), nullable=True),  #: mean periods from one demand to the next
        Column("cv2", pa.float64(), nullable=True),  #: squared coefficient of variation of the sizes
        Column("cls", pa.string()),
        Column("n_obs", pa.int64()),
        Column("last_sale_age", pa.int64(), nullable=True),  #: periods since the last demand
        FLAG,
    ),
)
PRICES = Layout(
    row="the price of one product in one period",
    columns=(KEY, DATE, Column("price", pa.float64(), unit="money", available_at=ALWAYS)),
)
PROMOTIONS = Layout(
    row="a planned promotion of one product in one period",
    columns=(KEY, DATE, Column("depth", pa.float64(), available_at=ALWAYS)),  #: share of the price taken off, 0..1
)
CUSTOMERS = Layout(
    row="the buyers of one product in one period",
    columns=(KEY, DATE, Column("buyers", pa.float64()), Column("loyal_share", pa.float64())),
)
PIPELINE = Layout(
    row="one stage of an opportunity, from the day since which it holds; the last may be won, lost or committed",
    columns=(
        Column("opportunity", pa.string(), available_at="since"),
        Column("key", pa.string(), available_at="since"),
        Column("qty", pa.float64(), unit="unit", available_at="since"),
        Column("stage", pa.string(), available_at="since"),
        Column("since", pa.date32(), available_at="since"),
        Column("expected_close", pa.date32(), available_at="since"),
    ),
)
LEADTIMES = Layout(
    row="the lead time that was quoted for one product in one period",
    columns=(KEY, DATE, Column("lead_time", pa.float64(), unit="d")),
)
BELONGS = Layout(
    row="one product with the groups that it belongs to, the outermost last",
    columns=(KEY, Column("group", pa.string(), available_at=ALWAYS)),
)
DRIVERS = ("level", "season", "price", "promo", "pipeline", "other")


def forecast_layout(quantiles: Sequence[float]) -> Layout:
    """The layout of a forecast with these quantiles: `q10` for 0.1, `q97_5` for 0.975."""
    units = (*(quantile_name(one) for one in quantiles), *DRIVERS)
    return Layout(
        row="the forecast of one product (or group of products) in one period",
        columns=(
            KEY,
            DATE,
            Column("mean", pa.float64(), unit="unit", available_at=ALWAYS),
            *(Column(name, pa.float64(), unit="unit", available_at=ALWAYS) for name in units[: len(quantiles)]),
            Column("method", pa.string(), available_at=ALWAYS),
            Column("weight", pa.float64(), available_at=ALWAYS),  #: of each member of the method
            *(Column(name, pa.float64(), unit="unit", available_at=ALWAYS) for name in DRIVERS),
            Column("cls", pa.string(), available_at=ALWAYS),
            FLAG,
        ),
    )


def quantile_name(level: float) -> str:
    """The column of a quantile.

    >>> quantile_name(0.9), quantile_name(0.975)
    ('q90', 'q97_5')
    """
    return f"q{100 * level:.6g}".replace(".", "_")


BACKTEST = Layout(
    row="one method on one product, or on all products of a class",
    columns=(
        Column("level", pa.string()),
        KEY,
        Column("method", pa.string()),
        Column("MASE", pa.float64(), nullable=True),
        Column("RMSSE", pa.float64(), nullable=True),
        Column("WRMSSE", pa.float64(), nullable=True),
        Column("bias_pct", pa.float64(), unit="%", nullable=True),
        Column("WAPE", pa.float64(), nullable=True),
        Column("origins", pa.int64()),
        Column("pinball_q90", pa.float64(), nullable=True),  #: by the scale of each product
        Column("coverage_q90", pa.float64(), nullable=True),
        Column("seconds", pa.float64(), unit="s", nullable=True),
    ),
)
ELASTICITY = Layout(
    row="how the demand of one product answers to its price",
    columns=(
        KEY,
        Column("elasticity", pa.float64()),  #: % of demand per % of price, <= 0
        Column("own", pa.float64(), nullable=True),  #: as the product's own history says it, before shrinkage
        Column("weight", pa.float64()),  #: of its own history, 0..1
        Column("price", pa.float64(), unit="money"),  #: the latest
        Column("price_low", pa.float64(), unit="money"),
        Column("price_high", pa.float64(), unit="money"),
        Column("n_obs", pa.int64()),
        FLAG,
    ),
)
WHAT_IF = Layout(
    row="one product in one period at another price",
    columns=(
        KEY,
        DATE,
        Column("mean", pa.float64(), unit="unit"),
        Column("mean_then", pa.float64(), unit="unit"),
        Column("revenue", pa.float64(), unit="money"),
        Column("revenue_then", pa.float64(), unit="money"),
        FLAG,
    ),
)
CAPACITY = Layout(
    row="what can be delivered of one product over the whole horizon",
    columns=(KEY, Column("capacity", pa.float64(), unit="unit"), Column("unit_cost", pa.float64(), unit="money")),
)
ACTIONS = Layout(
    row="one thing to do, the most valuable first",
    columns=(
        Column("action", pa.string()),  #: raise_price, promote, expedite
        KEY,
        Column("units", pa.float64(), unit="unit"),  #: change of what is sold over the horizon
        Column("money", pa.float64(), unit="money"),  #: change of the margin over the horizon
        Column("price", pa.float64(), unit="money"),  #: to ask; the present one where it stays
        Column("why", pa.string()),
    ),
)
