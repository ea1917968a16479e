"""The forecast with the pipeline as a leading indicator, and with what is committed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.demand.assembling import Whole
from syncline.analytics.demand.panel import Panel
from syncline.analytics.demand.pipeline import expected_ahead, fitted_weights, log_of
from syncline.analytics.demand.rolling import change

Array = NDArray[np.float64]


def with_pipeline(panel: Panel, whole: Whole, pipeline: pa.Table, cuts: Sequence[int]) -> tuple[Whole, Array]:
    """D = committed + max(rest, 0) + beta w, and beta of each step ahead [1].

    The rest is the forecast without what the pipeline usually brings (beta x the mean of w at past origins: the history
    already holds it) and without what is committed, so that nothing counts twice.
    """
    log = log_of(pipeline, panel)
    horizon = whole.mean.shape[1]
    now = expected_ahead(log, panel, horizon)
    past = [expected_ahead(log, panel.cut(cut), horizon) for cut in cuts]
    beta, usual = np.zeros(horizon), np.zeros_like(whole.mean)
    if past:
        weighted = np.stack([one.weighted for one in past])
        usual = weighted.mean(axis=0)
        scale = np.array([change(y) for y in panel.series])
        beta = fitted_weights(whole.errors[-len(past) :], weighted - usual, scale)
    rest = np.maximum(whole.mean - beta * usual - now.committed, 0)
    return whole.moved(now.committed + rest + beta * now.weighted, "pipeline"), beta
