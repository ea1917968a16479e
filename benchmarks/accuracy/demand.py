"""How accurate demand is: M3, the hospital's parts, an online shop week by week, and its simulated stock-outs.

Each function reads the folder of data, forecasts what is held out, and gives rows of the table. Nothing is fitted to a
table here: the calls are those of a user.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.accuracy.rows import Row
from syncline.analytics.demand.censoring import uncensor_demand
from syncline.analytics.demand.forecast import forecast_demand
from syncline.analytics.demand.metrics import coverage, mae, mase, pinball, rmsse, smape, weighted
from syncline.analytics.demand.panel import Panel, panel_of
from syncline.analytics.demand.periods import Freq, first_day, regular_periods
from syncline.analytics.demand.rolling import ENOUGH

Array = NDArray[np.float64]

PERIOD: dict[str, tuple[str, Freq]] = {"QUARTERLY": ("Q", "Q"), "YEARLY": ("Y", "Y")}
LAST_WEEK = date(2011, 8, 28)  #: the last complete one of the shared part
WEEKS = 4
LONG, OFTEN, SOLD = 36, 20, 400  #: weeks, weeks with demand, products whose stock-outs are simulated
TOLERANCE = 0.01  #: of a published figure that is recomputed
FORECAST, SHOP = "forecast_demand", "UCI weekly"
BAND = (0.88, 0.92)  #: what a quantile of 0.9 may cover
BIAS = 4.0  #: [%]


def metric_code(data: Path) -> list[Row]:
    """Row 1: the published forecasts of M3, scored by our code."""
    _, tests = _m3(data, "QUARTERLY")
    found = []
    for method, published in (("NAIVE2", 9.95), ("THETA", 8.96)):
        told = _published(data, method)
        ours = float(np.mean([smape(y, told[key][: len(y)]) for key, y in tests.items()]))
        met = abs(round(ours, 2) - published) < TOLERANCE
        named = f"sMAPE {method}"
        found.append(Row(1, "metrics.smape", "M3 quarterly", named, ours, f"{published}", f"equal to {TOLERANCE}", met))
    return found


def m3_quarterly(data: Path) -> Row:
    """Row 2."""
    ours = _m3_smape(data, "QUARTERLY")
    return _at_most(9.20, 2, "M3 quarterly", "sMAPE", ours, "THETA 8.96, ForcX 9.54")


def m3_yearly(data: Path) -> Row:
    """Row 3."""
    ours = _m3_smape(data, "YEARLY")
    return _at_most(15.8, 3, "M3 yearly", "sMAPE", ours, "THETA 16.97, ForcX 16.48")


def hospital(data: Path) -> list[Row]:
    """Row 4: the last twelve months of 767 parts."""
    with (data / "hospital" / "hospital_wide.csv").open() as file:
        rows = list(csv.reader(file))[1:]
    whole = {row[0]: np.array(row[1:], dtype=float) for row in rows}
    trains = {key: y[:-12] for key, y in whole.items()}
    means = _means(forecast_demand(_table(trains, "M"), horizon=12, freq="M").rows, list(trains))
    error = float(np.mean([mae(whole[key][-12:], means[key]) for key in trains]))
    scaled = [mase(whole[key][-12:], means[key], trains[key], 12) for key in trains]
    ours = float(np.mean([one for one in scaled if one is not None]))
    return [
        _at_most(17.5, 4, "hospital", "MAE", error, "TBATS 17.43"),
        _at_most(0.750, 4, "hospital", "MASE12", ours, "0.761"),
    ]


def shop(data: Path) -> list[Row]:
    """Row 5: three origins of four weeks, over the last twelve complete weeks, beside naive, SES and IMAPA."""
    history, revenue = _shop(data)
    whole = panel_of(history, freq="W")
    scores = {method: _over_origins(whole, revenue, method) for method in ("auto", "SeasonalNaive", "SES", "IMAPA")}
    ours, beside = scores["auto"], {name: one for name, one in scores.items() if name != "auto"}
    told = ", ".join(f"{name} {one[0]:.3f}" for name, one in beside.items())
    losses = ", ".join(f"{name} {one[1]:.3f}" for name, one in beside.items())
    best = min(one[1] for one in beside.values())
    wrmsse, loss, covered = ours
    below, near = wrmsse < scores["SES"][0], BAND[0] <= covered <= BAND[1]
    return [
        Row(5, FORECAST, SHOP, "WRMSSE", wrmsse, told, "below SES", below),
        Row(5, FORECAST, SHOP, "pinball q90 (scaled)", loss, losses, "not above the best", loss <= best),
        Row(5, FORECAST, SHOP, "coverage q90", covered, "-", f"{BAND[0]}-{BAND[1]}", near),
    ]


def shop_leaks(data: Path) -> Row:
    """Row 5: noise after the origin changes nothing, bit for bit."""
    history, _ = _shop(data)
    origin = date(2011, 7, 31)
    keys = sorted(set(history.column("key").to_pylist()))[::8]
    some = history.filter(pc.is_in(history.column("key"), pa.array(keys)))
    late = pc.greater(some.column("period"), pa.scalar(origin)).to_numpy(zero_copy_only=False)
    noise = np.random.default_rng(1).uniform(0, 1e5, len(some))
    noisy = some.set_column(2, some.schema.field("qty"), pa.array(np.where(late, noise, some.column("qty").to_numpy())))
    told = [forecast_demand(one, horizon=WEEKS, freq="W", as_of=origin) for one in (some, noisy)]
    same = told[0].rows.equals(told[1].rows) and told[0].backtest.equals(told[1].backtest)
    return Row(5, FORECAST, SHOP, "changed by noise after the origin", float(not same), "-", "0", same)


def censoring(data: Path) -> Row:
    """Row 11: 400 products of the shop whose simulated weekly stock runs out in a quarter of the weeks."""
    history, _ = _shop(data)
    panel = panel_of(history, freq="W")
    steady = [at for at, y in enumerate(panel.series) if len(y) >= LONG and (y > 0).sum() >= OFTEN]
    chosen = sorted(steady, key=lambda at: -panel.series[at].sum())[:SOLD]
    draw = np.random.default_rng(1)
    true = {panel.keys[at]: panel.series[at] for at in chosen}
    held = {key: np.round(1.3 * y.mean() * draw.lognormal(0.0, 0.5, len(y))) for key, y in true.items()}
    sold = _table({key: np.minimum(true[key], held[key]) for key in true}, "W")
    stock = _table(held, "W").rename_columns(["key", "period", "on_hand_open"])
    zeros = pa.array(np.zeros(len(stock)))
    found = uncensor_demand(sold, stock.append_column("receipts", zeros).append_column("stockout_hours", zeros))
    total = sum(float(y.sum()) for y in true.values())
    bias = 100 * (float(pc.sum(found.column("qty_unconstrained")).as_py()) / total - 1)
    as_is = 100 * (float(pc.sum(sold.column("qty")).as_py()) / total - 1)
    published, within = f"sales as they are {as_is:.1f} %", abs(bias) <= BIAS
    return Row(11, "uncensor_demand", "UCI, simulated stock", "bias %", bias, published, f"within +-{BIAS:g}", within)


def _at_most(limit: float, row: int, data: str, metric: str, ours: float, published: str) -> Row:
    return Row(row, FORECAST, data, metric, ours, published, f"<= {limit:g}", ours <= limit)


def _m3(data: Path, period: str) -> tuple[dict[str, Array], dict[str, Array]]:
    with gzip.open(data / "m3" / "m3.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["period"].upper() == period]
    train, test = (
        {row["series"]: np.array(row[part].split(";"), dtype=float) for row in rows} for part in ("train", "test")
    )
    return train, test


def _published(data: Path, method: str) -> dict[str, Array]:
    with gzip.open(data / "m3" / "m3_published_forecasts.csv.gz", "rt") as file:
        rows = [row for row in csv.reader(file) if row[0] == method]
    return {row[1]: np.array([float(one) for one in row[2:] if one]) for row in rows}


def _m3_smape(data: Path, period: str) -> float:
    trains, tests = _m3(data, period)
    horizon = max(len(y) for y in tests.values())
    rows = forecast_demand(_table(trains, PERIOD[period][1]), horizon=horizon, freq=PERIOD[period][0]).rows
    means = _means(rows, list(trains))
    return float(np.mean([smape(y, means[key][: len(y)]) for key, y in tests.items()]))


def _table(series: dict[str, Array], freq: Freq) -> pa.Table:
    """Series whose last period is the same, as a history."""
    end = {"Q": 160, "Y": 40, "M": 480, "W": 2172, "D": 15_000}[freq]
    periods = np.concatenate([np.arange(end - len(y), end) for y in series.values()])
    keys = [key for key, y in series.items() for _ in range(len(y))]
    qty = np.concatenate(list(series.values()))
    return pa.table({"key": keys, "period": pa.array(first_day(periods, freq)), "qty": qty})


def _means(rows: pa.Table, keys: list[str]) -> dict[str, Array]:
    means = rows.column("mean").to_numpy().reshape(len(keys), -1)
    return dict(zip(dict.fromkeys(rows.column("key").to_pylist()), means, strict=True))


def _shop(data: Path) -> tuple[pa.Table, dict[str, float]]:
    """Weekly history of every product, and its revenue."""
    table = pq.read_table(data / "uci_online_retail" / "online_retail_until_2011-08.parquet")
    table = table.filter(pc.and_(pc.greater(table.column("Quantity"), 0), pc.greater(table.column("UnitPrice"), 0)))
    lines = pa.table(
        {
            "key": table.column("StockCode").cast(pa.string()),
            "date": table.column("InvoiceDate").cast(pa.date32(), safe=False),
            "qty": table.column("Quantity").cast(pa.float64()),
        }
    )
    money = pc.multiply(table.column("UnitPrice"), lines.column("qty"))
    sums = pa.table({"key": lines.column("key"), "money": money}).group_by("key").aggregate([("money", "sum")])
    revenue = dict(zip(sums.column("key").to_pylist(), sums.column("money_sum").to_pylist(), strict=True))
    return regular_periods(lines, freq="W", as_of=LAST_WEEK), revenue


def _over_origins(whole: Panel, revenue: dict[str, float], method: str) -> tuple[float, float, float]:
    """WRMSSE, scaled pinball loss and coverage of the quantile 0.9, over three origins."""
    errors, losses, covered = [], [], []
    all_of = dict(zip(whole.keys, whole.series, strict=True))
    for back in (3 * WEEKS, 2 * WEEKS, WEEKS):
        known = {key: y[:-back] for key, y in all_of.items() if len(y) - back >= ENOUGH}
        then = {key: all_of[key][len(all_of[key]) - back :][:WEEKS] for key in known}
        rows = forecast_demand(_table(known, "W"), horizon=WEEKS, freq="W", method=method).rows
        means = _means(rows, list(known))
        q90 = dict(zip(means, rows.column("q90").to_numpy().reshape(len(known), -1), strict=True))
        found = [rmsse(then[key], means[key], known[key]) for key in known]
        errors.append(weighted([np.nan if one is None else one for one in found], [revenue[key] for key in known]))
        scale = {key: np.mean(np.abs(np.diff(y))) for key, y in known.items()}
        losses.append(np.mean([pinball(then[key], q90[key], 0.9) / scale[key] for key in known if scale[key] > 0]))
        covered.append(coverage(np.stack([then[key] for key in known]), np.stack([q90[key] for key in known])))
    return float(np.mean([one for one in errors if one is not None])), float(np.mean(losses)), float(np.mean(covered))


ROWS: tuple[Callable[[Path], Row | list[Row]], ...] = (
    metric_code,
    m3_quarterly,
    m3_yearly,
    hospital,
    shop,
    shop_leaks,
    censoring,
)
