"""Where a smooth cost is lowest: what both models of customer value are fitted by."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import optimize

from syncline.analytics.interaction.purchases import Floats

_STILL = 1e-7  #: a slope that is none
_MOST = 200  #: steps


class Lowest(NamedTuple):
    """A place and its cost."""

    at: Floats
    cost: float


def downhill(cost: Callable[[Floats], float], start: Floats) -> Lowest:
    """From a start to the lowest place near it, by slopes from central differences.

    Source:
        Nocedal & Wright, Numerical Optimization, 2nd ed. (2006), section 6.1 (BFGS).

    >>> downhill(lambda at: float((at[0] - 2) ** 2), np.zeros(1)).at.round(4).tolist()
    [2.0]
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        options = {"gtol": _STILL, "maxiter": _MOST}
        found = optimize.minimize(cost, start, method="BFGS", jac="3-point", options=options)
    return Lowest(np.asarray(found.x, dtype=np.float64), float(found.fun))
