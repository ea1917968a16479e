"""How probable it is that two alike records are one thing, learnt without a single label: targets and decoys.

Of each record the most alike one of the other table is a *target*: it may be the same thing. The next one is a *decoy*:
where each table has a thing once it cannot be, and yet it is as alike as a stranger gets. A logistic model learns what
sets targets apart; the ratio of both densities, made monotone, gives the share of targets that are no better than
strangers, which is their local false discovery rate. A target that is itself a stranger joins the strangers with the
rest of its probability, or tables with little in common would seem to have much. Pairs that are sure are taken, one to
one, and the others are looked at again among what is left.

Sources:
    Elias & Gygi, Target-decoy search strategy, Nature Methods 4 (2007) 207-214; Kall et al., Semi-supervised learning
    for peptide identification, Nature Methods 4 (2007) 923-925; Storey, A direct approach to false discovery rates,
    JRSS B 64 (2002) 479-498, for the share of strangers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from syncline.analytics.identity.likeness import Floats, Near, Places
from syncline.analytics.identity.neighbours import candidates, graph_of, targets_and_decoys

FEWEST = 100  #: records with two candidates; with fewer nothing is learnt, and nothing is merged by likeness
RULE_COSINE = 0.30  #: with fewer: from this cosine on a pair is shown to a person
UNSURE = 0.94  #: just below what merges without a person
ASK = 0.5  #: the probability of such a pair, which says no more than "ask"
_ROUNDS = 6
_PASSES = 3  #: by which strangers among the targets are found
_SURE = 0.5
_MOST = 0.999  #: a share that is never exceeded, nor fallen below its rest


class Likely(NamedTuple):
    """Pairs with the probability 0..1 that they are one thing; `learnt` says whether it was estimated from the data."""

    left: Places
    right: Places
    p: Floats
    cosine: Floats
    learnt: bool


class Model(NamedTuple):
    """What sets targets apart from strangers in these two tables."""

    logistic: LogisticRegression
    share: IsotonicRegression  #: score -> share of strangers among as many targets and strangers
    floor: float  #: the median score of strangers
    below: float  #: the share of strangers at or below it
    strangers: float  #: the share of targets that are strangers, 0..1

    def p(self, features: Floats, strangers: float) -> tuple[Floats, Floats]:
        """Probability and score of candidates, of which such a share are strangers."""
        scores: Floats = self.logistic.decision_function(features)
        share = self.share.predict(scores)
        ratio = np.maximum((1 - share) / share - self.strangers, 0.0) / max(1 - self.strangers, 1 - _MOST)
        weight = (1 - strangers) * ratio
        return weight / (weight + strangers), scores

    def strangers_among(self, features: Floats) -> float:
        """The share of strangers among these candidates, never less than among all."""
        low = float(np.sum(self.logistic.decision_function(features) <= self.floor)) + 1.0
        return min(_MOST, max(self.strangers, low / (len(features) + 1.0) / self.below))


def likely(pairs: Near, shape: tuple[int, int]) -> Likely:
    """Pairs of two tables, one to one, with their probability.

    Args:
        pairs: Candidates; those that cannot be, such as two different tax numbers, are not among them.
        shape: Rows of the left and of the right table.
    """
    graph = graph_of(pairs, shape, same=False)
    model = _learnt(graph)
    if model is None:
        return _by_rule(pairs, one_to_one(pairs.left, pairs.right, pairs.cosine))
    rows, columns = np.arange(shape[0]), np.arange(shape[1])
    taken: list[tuple[Places, Places, Floats, Floats]] = []
    for _ in range(_ROUNDS):
        found = candidates(graph[rows][:, columns])
        if not len(found.left):
            break
        p, scores = model.p(found.features, model.strangers_among(found.features))
        chosen = one_to_one(found.left, found.right, p + 1e-9 * scores)
        sure = chosen[p[chosen] >= _SURE]
        keep = sure if len(sure) else chosen
        taken.append((rows[found.left[keep]], columns[found.right[keep]], p[keep], found.features[keep, 0]))
        if not len(sure):
            break
        rows, columns = np.delete(rows, found.left[sure]), np.delete(columns, found.right[sure])
    left, right, p, cosine = (np.concatenate(part) for part in zip(*taken, strict=True))
    return Likely(left, right, p, cosine, learnt=True)


def likely_within(pairs: Near, count: int) -> Likely:
    """Pairs of one table of `count` rows with their probability, never above `UNSURE`; a record may have several.

    Likeness alone does not merge within one table: the colours and sizes of one product are more alike there than the
    same product told twice, and no decoy can tell them apart.
    """
    graph = graph_of(pairs, (count, count), same=True)
    model = _learnt(graph)
    if model is None:
        return _by_rule(pairs, np.arange(len(pairs.left)))
    found = candidates(graph)
    left, right = np.minimum(found.left, found.right), np.maximum(found.left, found.right)
    _, once = np.unique(left * np.int64(count) + right, return_index=True)
    p, _ = model.p(found.features[once], model.strangers)
    return Likely(left[once], right[once], np.minimum(p, UNSURE), found.features[once, 0], learnt=True)


def one_to_one(left: Places, right: Places, value: Floats) -> Places:
    """The places of the pairs that remain when each row is used once, the best first; ties by left, then right.

    >>> one_to_one(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0.9, 0.8, 0.7])).tolist()
    [0]
    """
    rows: set[int] = set()
    columns: set[int] = set()
    chosen = []
    for place in np.lexsort((right, left, -value)).tolist():
        row, column = int(left[place]), int(right[place])
        if row not in rows and column not in columns:
            rows.add(row)
            columns.add(column)
            chosen.append(place)
    return np.array(chosen, dtype=np.int64)


def _learnt(graph: sparse.csr_matrix) -> Model | None:
    """The model of these tables; None where too few records have two candidates."""
    targets, decoys = targets_and_decoys(graph)
    if len(targets) < FEWEST:
        return None
    features = np.concatenate([targets, decoys, targets])
    p = np.ones(len(targets))
    for _ in range(_PASSES):
        model = _fitted(features, np.concatenate([np.ones(len(p)), p, 1 - p]))
        p, _ = model.p(targets, model.strangers)
    return model


def _fitted(features: Floats, weights: Floats) -> Model:
    """One pass: the first third are targets, the rest strangers with their weights."""
    count = len(features) // 3
    stranger = np.concatenate([np.zeros(count), np.ones(2 * count)])
    even = np.where(stranger == 1, weights * count / max(weights[count:].sum(), 1e-9), 1.0)
    some = even > 0
    logistic = LogisticRegression(max_iter=1000).fit(features[some], 1 - stranger[some], sample_weight=even[some])
    scores = logistic.decision_function(features)
    share = IsotonicRegression(increasing=False, out_of_bounds="clip", y_min=1 - _MOST, y_max=_MOST)
    share.fit(scores[some], stranger[some], sample_weight=even[some])
    floor, below = _median(scores[count:], even[count:])
    strangers = min(_MOST, float(np.mean(scores[:count] <= floor)) / below)
    return Model(logistic, share, floor, below, strangers)


def _median(values: Floats, weights: Floats) -> tuple[float, float]:
    """The weighted median, and the share of the weight at or below it."""
    order = np.argsort(values)
    heap = np.cumsum(weights[order])
    place = int(np.searchsorted(heap, heap[-1] / 2))
    return float(values[order][place]), float(heap[place] / heap[-1])


def _by_rule(pairs: Near, chosen: Places) -> Likely:
    chosen = chosen[pairs.cosine[chosen] >= RULE_COSINE]
    p = np.full(len(chosen), ASK)
    return Likely(pairs.left[chosen], pairs.right[chosen], p, pairs.cosine[chosen], learnt=False)
