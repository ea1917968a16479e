"""How alike the texts of two tables are: cosines of TF-IDF, and for each record the few others that come near it.

The weight of a word is smaller the more records have it, so a model number says much and "printer" says little
(Salton & Buckley, Term-weighting approaches in automatic text retrieval, 1988). Pieces of words bear spelling errors,
whole words bear order; the cosine is the mean of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from syncline.matching.words import fold

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

NEAR = 10  #: others that are looked at for each record
_WORD = r"(?u)\w+"
_PIECES = 0.7  #: the share of pieces of words in the cosine; the rest is of whole words
_CHUNK = 4_000_000  #: cosines in memory at a time


class Texts(NamedTuple):
    """The texts of two tables as vectors of length one, pieces and words side by side."""

    left: sparse.csr_matrix
    right: sparse.csr_matrix


class Near(NamedTuple):
    """Pairs that come near each other: row of the left, row of the right, cosine 0..1; each pair once."""

    left: Places
    right: Places
    cosine: Floats


def texts_of(left: Sequence[str], right: Sequence[str]) -> Texts:
    """Both tables as vectors; their products are cosines. Words are weighed over both tables.

    >>> texts = texts_of(["Sony KDL-40 television"], ["Television Sony KDL-40", "Bosch drill"])
    >>> (texts.left @ texts.right.T).toarray().round(2).tolist()
    [[1.0, 0.0]]
    """
    every = [fold(text) for text in (*left, *right)]
    parts = []
    for share, analyzer, span in ((_PIECES, "char_wb", (2, 4)), (1 - _PIECES, "word", (1, 1))):
        weigh = TfidfVectorizer(
            analyzer=analyzer,
            ngram_range=span,
            sublinear_tf=True,
            dtype=np.float32,
            token_pattern=_WORD if analyzer == "word" else None,
        )
        if any(text.strip() for text in every) and any(character.isalnum() for text in every for character in text):
            parts.append(weigh.fit_transform(every) * np.float32(np.sqrt(share)))
    vectors = sparse.hstack(parts, format="csr") if parts else sparse.csr_matrix((len(every), 1), dtype=np.float32)
    return Texts(vectors[: len(left)], vectors[len(left) :])


def near(texts: Texts, *, same: bool = False, count: int = NEAR) -> Near:
    """For each record of either side the `count` of the other that are most alike.

    Args:
        texts: Of `texts_of`.
        same: Both sides are one table: a record is not compared with itself, and each pair comes once.
        count: Others for each record, at least one.
    """
    left, right, cosine = _nearest(texts.left, texts.right, count, same=same)
    if same:
        low, high = np.minimum(left, right), np.maximum(left, right)
    else:
        back = _nearest(texts.right, texts.left, count, same=False)
        low, high = np.concatenate([left, back[1]]), np.concatenate([right, back[0]])
        cosine = np.concatenate([cosine, back[2]])
    _, first = np.unique(low * np.int64(texts.right.shape[0]) + high, return_index=True)
    return Near(low[first], high[first], cosine[first])


def _nearest(
    rows: sparse.csr_matrix, columns: sparse.csr_matrix, count: int, *, same: bool
) -> tuple[Places, Places, Floats]:
    """Row, column and cosine of the nearest columns of each row, work per chunk of rows."""
    wide = columns.shape[0]
    keep = min(count, wide)
    turned = columns.T.tocsr()
    size = max(1, _CHUNK // max(1, wide))
    found: list[tuple[Places, Places, Floats]] = []
    for start in range(0, rows.shape[0], size):
        cosines = (rows[start : start + size] @ turned).toarray()
        if same:
            own = np.arange(cosines.shape[0])
            cosines[own, own + start] = 0.0
        best = np.argpartition(-cosines, keep - 1, axis=1)[:, :keep]
        values = np.take_along_axis(cosines, best, axis=1)
        row, place = np.nonzero(values > 0)
        found.append((row + start, best[row, place].astype(np.int64), values[row, place].astype(np.float64)))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))  # type: ignore[return-value]  # three parts
