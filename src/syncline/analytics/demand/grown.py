"""Whether trees are worth growing, and what they say at the past origins and now."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np

from syncline.analytics.demand.features import Sight
from syncline.analytics.demand.grouped import TREES, Trees
from syncline.analytics.demand.rolling import cuts_of
from syncline.analytics.demand.trees import Learned, learned, predicted
from syncline.analytics.demand.wishes import Wishes

MANY = 50  #: products without which trees have nothing to compare
SHARE = 0.25  #: of all products, that must have rough histories
_ROUGH = frozenset({"erratic", "intermittent", "lumpy"})  #: where single histories say little


def worthwhile(sight: Sight, wishes: Wishes, classes: Sequence[str]) -> bool:
    """Trees are tried where more than the history is known, or many products have rough ones."""
    if wishes.method != "auto":
        return wishes.method == TREES
    rough = sum(cls in _ROUGH for cls in classes)
    return bool(sight.known) or rough >= max(MANY, SHARE * len(classes))


def grown(sight: Sight, wishes: Wishes, classes: Sequence[str], *, seed: int) -> Trees | None:
    """What the trees say of every product; None where they are not worthwhile, or had too little to learn from."""
    if not worthwhile(sight, wishes, classes):
        return None
    model = learned(sight, seed=seed)
    if model is None:
        return None
    cuts = cuts_of(sight.panel, horizon=wishes.horizon, origins=wishes.origins)
    past = np.zeros((len(cuts), len(sight.panel.keys), wishes.horizon))
    for at, cut in enumerate(cuts):
        then = sight.cut(cut)
        earlier = learned(then, seed=seed)
        past[at] = _flat(then) if earlier is None else predicted(earlier, then, explain=False).mean
    return Trees(past, cache(partial(predicted, model, sight, explain=True)), _flags(model))


def _flat(sight: Sight) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Where there was too little to learn from: the mean."""
    means = np.array([one.mean() if len(one) else 0.0 for one in sight.panel.series])
    return np.repeat(means[:, None], sight.horizon, axis=1)


def _flags(model: Learned) -> tuple[str, ...]:
    return tuple("bulk orders were clipped for the trees" if one else "" for one in model.clipped)
