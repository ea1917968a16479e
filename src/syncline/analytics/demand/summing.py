"""The rows of groups beside those of products: they are sums, to the last digit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from syncline.analytics.demand.assembling import Whole, whole_of
from syncline.analytics.demand.features import Sight
from syncline.analytics.demand.hierarchy import Groups, reconcile
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.parts import parts_of
from syncline.analytics.demand.wishes import Wishes
from syncline.errors import RejectedError

Array = NDArray[np.float64]

MOST_RECONCILED = 2000  #: series whose covariance is worked with


def with_groups(panel: Panel, whole: Whole, groups: Groups, wishes: Wishes) -> Whole:
    """The products, then the groups as their sums; their quantiles from the sums of past errors, as if normal.

    Raises:
        RejectedError: the histories end in different periods, so that sums would mix them.
    """
    if len(np.unique(panel.ends)) > 1:
        raise RejectedError(
            "Groups cannot be added up: the histories of the products end in different periods.",
            cure="Give as_of, up to which every history is complete.",
        )
    sums = groups.sums
    mean = sums @ whole.mean
    errors = np.einsum("gn,onh->ogh", sums, np.nan_to_num(whole.errors))
    spread = np.sqrt((errors**2).mean(axis=(0, 2))) if errors.shape[0] else np.zeros(len(sums))
    quantiles = mean[None] + norm.ppf(wishes.levels)[:, None, None] * spread[None, :, None]
    return whole.and_then(
        Whole(
            groups.names,
            mean,
            np.sort(np.maximum(quantiles, 0), axis=0),
            {name: sums @ one for name, one in whole.drivers.items()},
            errors,
            ("sum of products",) * len(sums),
            np.ones(len(sums)),
            ("group",) * len(sums),
            ("" if errors.shape[0] else "no backtest: no spread is known",) * len(sums),
        )
    )


def reconciled(panel: Panel, whole: Whole, groups: Groups, wishes: Wishes) -> Whole:
    """The products, moved so that their sums come near to forecasts of the groups themselves (MinT).

    Raises:
        RejectedError: there are too many series, or no past errors to weigh them by.
    """
    count = len(groups.names) + len(whole.keys)
    if count > MOST_RECONCILED or whole.errors.shape[0] < 1:
        raise RejectedError(
            f"{count} series cannot be reconciled" + ("." if whole.errors.shape[0] else " without a backtest."),
            cure=f"Add up from the products instead, or give up to {MOST_RECONCILED} with longer histories.",
        )
    tops = _tops(panel, groups)
    sight = Sight(tops, (), wishes.horizon, wishes.season)
    above = whole_of(tops, parts_of(sight, wishes, {}, seed=1), wishes)
    errors = np.concatenate([above.errors, whole.errors], axis=1)
    cases = np.nan_to_num(errors).transpose(1, 0, 2).reshape(count, -1)
    found = reconcile(np.concatenate([above.mean, whole.mean]), groups.sums, cases)
    return whole.moved(np.maximum(found[len(groups.names) :], 0), "other")


def _tops(panel: Panel, groups: Groups) -> Panel:
    """The histories of the groups."""
    width = max(len(one) for one in panel.series)
    cells = np.stack([np.concatenate([np.zeros(width - len(one)), one]) for one in panel.series])
    names = groups.names
    return Panel(
        names, tuple(groups.sums @ cells), np.full(len(names), panel.ends[0]), ("",) * len(names), panel.calendar
    )
