"""The measures: their definitions on small numbers, and what has no basis is None."""

from __future__ import annotations

import math

import numpy as np
import pytest

from syncline.analytics.demand import metrics
from syncline.errors import SetupError


def test_each_measure_is_what_its_definition_says():
    actual, forecast, past = [10.0, 20.0, 0.0], [12.0, 16.0, 0.0], [4.0, 8.0, 2.0, 6.0]

    assert metrics.mae(actual, forecast) == 2.0
    assert metrics.smape(actual, forecast) == pytest.approx((200 * 2 / 22 + 200 * 4 / 36 + 0) / 3)
    assert metrics.mase(actual, forecast, past) == pytest.approx(2.0 / ((4 + 6 + 4) / 3))
    assert metrics.mase(actual, forecast, past, 2) == pytest.approx(2.0 / 2.0)
    assert metrics.rmsse(actual, forecast, past) == pytest.approx(math.sqrt((20 / 3) / ((16 + 36 + 16) / 3)))
    assert metrics.bias_pct(actual, forecast) == pytest.approx(-100 * 2 / 30)
    assert metrics.wape(actual, forecast) == pytest.approx(6 / 30)
    assert metrics.pinball([10.0], [8.0], 0.9) == pytest.approx(1.8)
    assert metrics.pinball([8.0], [10.0], 0.9) == pytest.approx(0.2)
    assert metrics.coverage([1.0, 5.0], [2.0, 4.0]) == 0.5


def test_rmsse_begins_at_the_first_demand():
    assert metrics.rmsse([1.0], [2.0], [0, 0, 0, 2.0, 4.0]) == metrics.rmsse([1.0], [2.0], [2.0, 4.0])


def test_what_cannot_be_scaled_has_no_number():
    assert metrics.mase([1.0], [2.0], [5.0, 5.0, 5.0]) is None
    assert metrics.rmsse([1.0], [2.0], [0.0, 0.0]) is None
    assert metrics.bias_pct([0.0], [1.0]) is None
    assert metrics.wape([0.0], [1.0]) is None
    assert metrics.weighted([np.nan], [1.0]) is None


def test_arrays_of_two_shapes_are_not_compared():
    with pytest.raises(SetupError, match="cannot be compared"):
        metrics.mae([1.0, 2.0], [1.0])
    with pytest.raises(SetupError, match="cannot be compared"):
        metrics.mae([], [])
