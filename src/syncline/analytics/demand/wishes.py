"""What may be asked of a forecast, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, TypedDict

import pyarrow as pa

from syncline.errors import SetupError

QUANTILES = (0.1, 0.5, 0.9, 0.95)
FARTHEST = 1000  #: periods ahead
MOST_ORIGINS = 24


class Options(TypedDict, total=False):
    """What a caller of `forecast_demand` and `backtest` may add."""

    quantiles: Sequence[float]  #: levels, 0..1
    method: str  #: "auto", or one of `METHODS` (or LightGBM) for all products
    origins: int  #: past origins at which methods are compared, `horizon` periods apart
    season: int | None  #: periods in a season; None is the usual one of the frequency (7, 52, 12, 4, 1)
    thorough: bool  #: try AutoETS and AutoCES as well: two minutes per 1,000 monthly products
    as_of: date | None  #: the last complete period; what is later is not used
    prices: pa.Table | None  #: `PRICES`; its future counts only if the column is known `always` (an agreed list)
    promotions: pa.Table | None  #: `PROMOTIONS`; plans, known ahead unless the column says otherwise
    customers: pa.Table | None  #: `CUSTOMERS`: buyers, and the share of loyal ones
    leadtime: pa.Table | None  #: `LEADTIMES`: what was quoted [d]
    pipeline: pa.Table | None  #: `PIPELINE`: the stages of opportunities, and committed orders
    stock: pa.Table | None  #: `STOCK`: where it ran out, demand is imputed first
    hierarchy: pa.Table | None  #: `BELONGS`; groups get rows of their own, which are sums of the products
    reconcile: bool  #: forecast the groups as well, and move the products towards them (MinT)
    seed: int  #: of what is drawn while trees are grown


class Wishes(NamedTuple):
    """How a forecast is to be made."""

    horizon: int
    season: int
    levels: tuple[float, ...]
    origins: int
    method: str = "auto"  #: or the name of one method for all
    thorough: bool = False  #: try the dear ones as well


def wishes_of(options: Options, horizon: int, season: int, methods: Sequence[str]) -> Wishes:
    """The options of how, checked.

    Raises:
        SetupError: an option that does not exist, or a value that makes no sense.
    """
    if unknown := sorted(set(options) - set(Options.__annotations__)):
        raise SetupError(f"There is no option {unknown[0]!r}.", cure=f"Use {', '.join(Options.__annotations__)}.")
    wishes = Wishes(
        horizon,
        options.get("season") or season,
        tuple(options.get("quantiles", QUANTILES)),
        options.get("origins", 3),
        options.get("method", "auto"),
        options.get("thorough", False),
    )
    if not 1 <= wishes.horizon <= FARTHEST:
        raise SetupError(f"A horizon of {wishes.horizon} periods cannot be forecast.", cure=f"Use 1 to {FARTHEST}.")
    if not wishes.levels or not all(0 < one < 1 for one in wishes.levels):
        raise SetupError("A quantile lies between 0 and 1.", cure="Give for instance 0.1, 0.5, 0.9.")
    if not 1 <= wishes.origins <= MOST_ORIGINS:
        raise SetupError(f"{wishes.origins} origins cannot be tried.", cure=f"Use 1 to {MOST_ORIGINS}.")
    if wishes.season < 1:
        raise SetupError(f"A season of {wishes.season} periods does not exist.", cure="Use 1 for none.")
    if wishes.method not in methods:
        raise SetupError(f"There is no method {wishes.method!r}.", cure=f"Use {', '.join(methods)}.")
    return wishes
