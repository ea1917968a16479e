"""Between which figures a customer's purchases and their money will be, drawn from what the models leave open."""

from __future__ import annotations

import numpy as np

from syncline.analytics.interaction.purchases import Floats, Summary
from syncline.analytics.interaction.repeats import Repeating, counted
from syncline.analytics.interaction.spend import Spent

_DRAWS = 200
_CHUNK = 20_000  #: customers that are drawn together
_TINY = 1e-12


def interval(
    model: Repeating, money: Spent, summary: Summary, weeks: float, *, share: float, seed: int
) -> tuple[Floats, Floats]:
    """The quantiles of the money [money] of each customer's purchases between which such a share of cases lies.

    A customer's rate is gamma(r + x, alpha + T), who is alive leaves after a purchase with beta(a, b + x), and an
    amount is gamma around a level that is inverse-gamma: what the models say of a customer with this past.
    """
    random = np.random.default_rng(seed)
    customers = counted(summary)
    alive = model.alive(customers)[customers.back]
    low, high = np.empty(len(alive)), np.empty(len(alive))
    for start in range(0, len(alive), _CHUNK):
        part = slice(start, start + _CHUNK)
        count = _counts(model, _part(summary, part), alive[part], weeks, random)
        total = _amounts(money, _part(summary, part), money.value[part], count, random)
        low[part], high[part] = np.quantile(total, [(1 - share) / 2, (1 + share) / 2], axis=0)
    return low, high


def _part(summary: Summary, part: slice) -> Summary:
    return Summary(summary.customers[part], *(column[part] for column in summary[1:]))


def _counts(model: Repeating, summary: Summary, alive: Floats, weeks: float, random: np.random.Generator) -> Floats:
    """Draws by customers: purchases in the coming weeks."""
    x, size = summary.repeats, (_DRAWS, len(summary.repeats))
    rate = random.gamma(np.broadcast_to(model.r + x, size)) / (model.alpha + summary.age)
    count = random.poisson(rate * weeks).astype(np.float64)
    if model.degenerate:
        return count
    leaving = random.beta(model.a, np.broadcast_to(model.b + x, size))
    most = random.geometric(np.clip(leaving, _TINY, 1.0))
    return np.where(random.random(size) < alive, np.minimum(count, most), 0.0)


def _amounts(money: Spent, summary: Summary, value: Floats, count: Floats, random: np.random.Generator) -> Floats:
    """Draws by customers: what these purchases come to [money]."""
    if len(money.models) != 1:
        return np.asarray(count * value, dtype=np.float64)
    spending = money.models[0]
    level = random.gamma(np.broadcast_to(spending.q + spending.p * summary.repeats, count.shape))
    level /= spending.v + summary.repeats * summary.value
    amount = random.gamma(np.maximum(spending.p * count, _TINY)) / np.maximum(level, _TINY)
    return np.asarray(np.where(count > 0, amount, 0.0), dtype=np.float64)
