"""With enough judged pairs, things are judged as people judged them: trees over features that can be explained.

The trees never see the pair that they judge: each fold of the labels is judged by the trees of the others, and that is
what the probabilities are calibrated on.

Sources:
    Ke et al., LightGBM, NeurIPS 2017; Zadrozny & Elkan, Transforming classifier scores into accurate probability
    estimates, KDD 2002 (isotonic regression); Lundberg & Lee, NeurIPS 2017 (contributions of features).
"""

from __future__ import annotations

from collections.abc import Sequence

import lightgbm
import numpy as np
import pyarrow as pa
from rapidfuzz import fuzz
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedKFold

from syncline.analytics.identity.likeness import Floats, Near
from syncline.analytics.identity.records import LABELS, IdentityConfig, Pair, Side
from syncline.analytics.identity.things import parts_of
from syncline.analytics.tables import asked
from syncline.errors import RejectedError
from syncline.matching.words import fold, words_of

LEAST = 500  #: judged pairs
_EACH = 50  #: of them at least that many of each kind
_FOLDS = 5
_TREES = 150
_SHOWN = 3  #: features in an explanation
_PER_FIELD = ("words in any order", "letters", "shared words", "shared numbers")


def learnt(left: Side, right: Side | None, config: IdentityConfig, pairs: Near, labels: pa.Table) -> list[Pair]:
    """Every candidate with the probability that people would call it the same.

    Raises:
        RejectedError: a label names a record that is not there, or nearly all labels say the same.
    """
    other = right or left
    judged, same = _judged(left, other, labels)
    places = [(a, b) for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)]
    cosine = dict(zip(places, pairs.cosine.tolist(), strict=True))
    names = ["texts alike", *(f"{field}: {told}" for field in config.fields for told in _PER_FIELD)]
    table = _features(left, other, config.fields, judged, cosine)
    calibrated, trees = _model(table, same, config)
    asked_of = _features(left, other, config.fields, places, cosine)
    p = calibrated.predict(trees.predict(asked_of, num_threads=config.threads))
    shares = np.asarray(trees.predict(asked_of, pred_contrib=True, num_threads=config.threads))[:, :-1]
    return [
        Pair(a, b, float(p[row]), "labels", _why(names, shares[row]), parts_of(left, other, a, b, config.fields))
        for row, (a, b) in enumerate(places)
    ]


def _judged(left: Side, right: Side, labels: pa.Table) -> tuple[list[tuple[int, int]], Floats]:
    table = asked(LABELS, labels, name="labels")
    mine, theirs = ({key: row for row, key in enumerate(side.keys)} for side in (left, right))
    rows = list(zip(*(table.column(name).to_pylist() for name in ("l", "r", "same")), strict=True))
    for a, b, _ in rows:
        if a not in mine or b not in theirs:
            raise RejectedError(f"The label of {a} and {b} names a record that is not there.", cure="Leave it out.")
    same = np.array([float(one) for _, _, one in rows])
    if min(same.sum(), len(same) - same.sum()) < _EACH:
        raise RejectedError(
            f"Of {len(rows)} labels {int(same.sum())} say that the records are the same.",
            cure=f"Nothing is learnt without {_EACH} of each kind; leave the labels out.",
        )
    return [(mine[a], theirs[b]) for a, b, _ in rows], same


def _model(table: Floats, same: Floats, config: IdentityConfig) -> tuple[IsotonicRegression, lightgbm.Booster]:
    held = np.zeros(len(same))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=config.seed)
    for train, test in folds.split(table, same):
        held[test] = _trees(table[train], same[train], config).predict(table[test], num_threads=config.threads)
    calibrated = IsotonicRegression(out_of_bounds="clip", y_min=0.0, y_max=1.0).fit(held, same)
    return calibrated, _trees(table, same, config)


def _trees(table: Floats, same: Floats, config: IdentityConfig) -> lightgbm.Booster:
    settings = {
        "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 10, "verbose": -1,
        "seed": config.seed, "deterministic": True, "force_row_wise": True, "num_threads": config.threads,
    }  # fmt: skip
    return lightgbm.train(settings, lightgbm.Dataset(table, same), num_boost_round=_TREES)


def _features(
    left: Side,
    right: Side,
    fields: Sequence[str],
    rows: Sequence[tuple[int, int]],
    cosine: dict[tuple[int, int], float],
) -> Floats:
    columns: list[Sequence[float]] = [[cosine.get(pair, 0.0) for pair in rows]]
    for field in fields:
        columns += zip(*(_alike(left.texts[field][a], right.texts[field][b]) for a, b in rows), strict=True)
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def _alike(a: str, b: str) -> tuple[float, float, float, float]:
    """As `_PER_FIELD`, each 0..1; no number where one side is empty, which trees bear."""
    if not a.strip() or not b.strip():
        return (np.nan,) * 4
    mine, theirs = set(words_of(a)), set(words_of(b))
    digits = [{word for word in words if any(map(str.isdigit, word))} for words in (mine, theirs)]
    return (
        fuzz.token_sort_ratio(fold(a), fold(b)) / 100,
        fuzz.ratio(fold(a), fold(b)) / 100,
        len(mine & theirs) / max(1, min(len(mine), len(theirs))),
        len(digits[0] & digits[1]) / max(1, min(map(len, digits))),
    )


def _why(names: Sequence[str], shares: Floats) -> str:
    best = np.argsort(-np.abs(shares), kind="stable")[:_SHOWN]
    return ", ".join(f"{names[at]} {'for' if shares[at] > 0 else 'against'} ({shares[at]:+.2f})" for at in best)
