"""Who is about to leave, and why: trees over how customers bought and complained before, calibrated on who left then.

The past teaches: at a day one horizon ago it was known who bought afterwards. The features of that day use nothing
later. Each fold of those customers is judged by trees that never saw it, and that calibrates the probabilities.

Sources:
    Ke et al., LightGBM, NeurIPS 2017; Zadrozny & Elkan, KDD 2002 (isotonic regression); Lundberg & Lee, NeurIPS 2017
    (contributions of features).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from syncline.analytics.interaction.purchases import PURCHASES, Floats, Purchases, number_of, purchases_of
from syncline.analytics.tables import Column, Layout, asked, made
from syncline.errors import RejectedError

SERVICE = Layout(
    row="one case of one customer",
    columns=(
        Column("customer", pa.string(), available_at="day"),
        Column("day", pa.date32(), available_at="day"),  # on which it was opened
    ),
)
CHURN = Layout(
    row="one customer",
    columns=(
        Column("customer", pa.string()),
        Column("p_churn", pa.float64()),  # 0..1, that nothing is bought in the horizon
        Column("top_reasons", pa.list_(pa.string())),
    ),
)
_FEWEST = 200  #: customers a horizon ago
_EACH = 30  #: of them at least that many who left, and who stayed
_FOLDS, _TREES, _REASONS = 5, 120, 3
_PSEUDO = 1.0  #: added to both counts of a rate
_NAMES = (
    "days since the last purchase",
    "purchases",
    "days between purchases",
    "silence in usual pauses",
    "amount of a purchase",
    "spent in the last horizon against the one before",
    "days since the first purchase",
    "service cases in the last horizon",
)


class Churn(NamedTuple):
    """Who is about to leave, and how well that could be told a horizon ago."""

    table: pa.Table  #: `CHURN`, the likeliest first
    auc: float | None  #: area under the curve of customers that the trees had not seen; None where nothing was learnt
    base: float  #: share of customers who left a horizon ago, 0..1
    flag: str  #: in words what weakens the figures; "" when nothing does


def churn_risk(
    tx: pa.Table, service_events: pa.Table | None, as_of: date, horizon: int, *, seed: int = 1, threads: int = 1
) -> Churn:
    """The probability of each customer to buy nothing in the next `horizon` days, with the reasons that weigh most.

    Args:
        tx: As `PURCHASES`; later purchases than `as_of` are not looked at.
        service_events: As `SERVICE`, or None.
        as_of: The day of the judgement.
        horizon: Days, 1 to 730.
        seed: Of the trees and folds.
        threads: Of the trees.

    Raises:
        SetupError, RejectedError: see `purchases_of`; a horizon out of range.

    >>> tx = pa.table({"customer": ["a", "b"], "day": [date(2025, 1, 1), date(2025, 6, 1)], "amount": [9.0, 9.0]})
    >>> found = churn_risk(tx, None, date(2025, 6, 30), 60)
    >>> found.auc is None, found.flag[:31]
    (True, 'Fewer than 200 customers bought')
    """
    if not 1 <= horizon <= 730:  # noqa: PLR2004  two years
        raise RejectedError(f"A horizon of {horizon} days is out of range.", cure="Take 1 to 730 days.")
    now = purchases_of(tx, as_of)
    cases = asked(SERVICE, service_events, name="service events") if service_events is not None else None
    then = as_of - timedelta(days=horizon)
    taught = _past(tx, then)
    if taught is None or len(taught.customers) < _FEWEST:
        said = f"Fewer than {_FEWEST} customers bought a horizon ago: all have the share that left, and no reasons."
        return _alike(now, taught, said)
    left = _left(taught, now)
    if min(left.sum(), len(left) - left.sum()) < _EACH:
        said = f"Of {len(left)} customers {int(left.sum())} left: nothing sets them apart, and all have that share."
        return _alike(now, taught, said)
    calibrated, trees, auc = _learnt(_features(taught, cases, then, horizon), left, seed, threads)
    return Churn(_table(now, calibrated, trees, _features(now, cases, as_of, horizon)), auc, float(left.mean()), "")


def _past(tx: pa.Table, then: date) -> Purchases | None:
    rows = asked(PURCHASES, tx, name="purchases")
    known = pc.sum(pc.less_equal(rows.column("day"), pa.scalar(then, pa.date32()))).as_py()
    return purchases_of(tx, then) if known else None


def _left(then: Purchases, now: Purchases) -> Floats:
    """1 for each customer of then that bought nothing until now, by the counts of days with a purchase."""
    counts = dict(zip(now.customers, np.bincount(now.of).tolist(), strict=True))
    before = np.bincount(then.of)
    return np.array([float(counts[name] == before[at]) for at, name in enumerate(then.customers)])


def _features(purchases: Purchases, cases: pa.Table | None, as_of: date, horizon: int) -> Floats:
    """As `_NAMES`, of what was known on that day."""
    first = purchases.first_row
    last = np.append(first[1:], len(purchases.of)) - 1
    end, count = number_of(as_of), (last - first + 1).astype(np.float64)
    silent = (end - purchases.day[last]).astype(np.float64)
    span = (purchases.day[last] - purchases.day[first]).astype(np.float64)
    pause = np.where(count > 1, span / np.maximum(count - 1, 1), np.nan)
    money = np.add.reduceat(purchases.amount, first)
    age = end - purchases.day
    recent = np.bincount(purchases.of, purchases.amount * (age < horizon))
    before = np.bincount(purchases.of, purchases.amount * ((age >= horizon) & (age < 2 * horizon)))
    trend = np.where(recent + before > 0, recent / np.maximum(recent + before, 1e-12), np.nan)
    tenure = (end - purchases.day[first]).astype(np.float64)
    columns = (silent, count, pause, silent / np.maximum(pause, 1.0), money / count, trend, tenure)
    return np.column_stack([*columns, _cases(purchases, cases, as_of, horizon)])


def _cases(purchases: Purchases, cases: pa.Table | None, as_of: date, horizon: int) -> Floats:
    found = np.zeros(len(purchases.customers))
    if cases is None:
        return found
    place = {name: at for at, name in enumerate(purchases.customers)}
    days = cases.column("day").cast(pa.int32()).to_pylist()
    for name, day in zip(cases.column("customer").to_pylist(), days, strict=True):
        if name in place and 0 <= number_of(as_of) - day < horizon:
            found[place[name]] += 1
    return found


def _learnt(
    features: Floats, left: Floats, seed: int, threads: int
) -> tuple[IsotonicRegression, lightgbm.Booster, float]:
    settings = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 20, "verbose": -1,
        "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": threads,
    }  # fmt: skip
    held = np.zeros(len(left))
    for train, test in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(features, left):
        fold = lightgbm.train(settings, lightgbm.Dataset(features[train], left[train]), num_boost_round=_TREES)
        held[test] = np.asarray(fold.predict(features[test], num_threads=threads))
    calibrated = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0).fit(held, left)
    trees = lightgbm.train(settings, lightgbm.Dataset(features, left), num_boost_round=_TREES)
    return calibrated, trees, float(roc_auc_score(left, held))


def _table(now: Purchases, calibrated: IsotonicRegression, trees: lightgbm.Booster, features: Floats) -> pa.Table:
    p = np.asarray(calibrated.predict(np.asarray(trees.predict(features))), dtype=np.float64)
    shares = np.asarray(trees.predict(features, pred_contrib=True))[:, :-1]
    order = np.argsort(-p, kind="stable")
    reasons = [_reasons(shares[row], features[row]) for row in order.tolist()]
    names = [now.customers[row] for row in order.tolist()]
    return made(
        CHURN, {"customer": names, "p_churn": p[order], "top_reasons": pa.array(reasons, pa.list_(pa.string()))}
    )


def _reasons(shares: Floats, values: Floats) -> list[str]:
    best = np.argsort(-np.abs(shares), kind="stable")[:_REASONS]
    return [
        f"{_NAMES[at]}: {_said(values[at])}, {'for' if shares[at] > 0 else 'against'} leaving"
        for at in best
        if shares[at] != 0
    ]


def _said(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.4g}"


def _alike(now: Purchases, then: Purchases | None, flag: str) -> Churn:
    """Everybody with the share of those who left a horizon ago, one pseudo-customer added on either side."""
    left = _left(then, now) if then is not None else np.empty(0)
    share = (float(left.sum()) + _PSEUDO) / (len(left) + 2 * _PSEUDO)
    count = len(now.customers)
    reasons = pa.array([[] for _ in range(count)], pa.list_(pa.string()))
    table = made(CHURN, {"customer": now.customers, "p_churn": [share] * count, "top_reasons": reasons})
    return Churn(table, None, share, flag)
