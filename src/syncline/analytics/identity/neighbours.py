"""What a pair looks like beside its neighbours: how alike it is, and how far before the next best of either record."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from syncline.analytics.identity.likeness import Floats, Near, Places

_WIDTH = 3  #: a candidate, the next one, and the one after it


class Ranks(NamedTuple):
    """Per row the best columns and their cosines, -1 and 0 where there are fewer."""

    places: Places
    values: Floats


class Candidates(NamedTuple):
    """Pairs with their features: cosine; how far it is before the next of its rows, the lesser and the greater."""

    left: Places
    right: Places
    features: Floats


def graph_of(pairs: Near, shape: tuple[int, int], *, same: bool) -> sparse.csr_matrix:
    """The pairs as a matrix of cosines; within one table both ways."""
    graph = sparse.csr_matrix((pairs.cosine, (pairs.left, pairs.right)), shape=shape)
    return (graph + graph.T).tocsr() if same else graph


def candidates(graph: sparse.csr_matrix) -> Candidates:
    """Of each record of either side its best candidate; each pair once."""
    left, right, features = [], [], []
    for number, (own, across) in enumerate(_both_sides(graph)):
        rows = np.flatnonzero(own.places[:, 0] >= 0)
        pair = (rows, own.places[rows, 0])
        left.append(pair[number])
        right.append(pair[1 - number])
        features.append(_features(own, across, rows, 0))
    first, second = np.concatenate(left), np.concatenate(right)
    _, once = np.unique(first * np.int64(graph.shape[1]) + second, return_index=True)
    return Candidates(first[once], second[once], np.concatenate(features)[once])


def targets_and_decoys(graph: sparse.csr_matrix) -> tuple[Floats, Floats]:
    """The features of the best and of the second best candidate of each record that has both."""
    found = []
    for own, across in _both_sides(graph):
        rows = np.flatnonzero(own.places[:, 1] >= 0)
        found.append((_features(own, across, rows, 0), _features(own, across, rows, 1)))
    targets, decoys = (np.concatenate(part) for part in zip(*found, strict=True))
    return targets, decoys


def _both_sides(graph: sparse.csr_matrix) -> tuple[tuple[Ranks, Ranks], ...]:
    rows, columns = _ranked(graph), _ranked(graph.T.tocsr())
    return ((rows, columns), (columns, rows))


def _ranked(graph: sparse.csr_matrix) -> Ranks:
    """The best columns of each row, by cosine, then column."""
    count = graph.shape[0]
    row = np.repeat(np.arange(count), np.diff(graph.indptr))
    order = np.lexsort((graph.indices, -graph.data, row))
    rank = np.arange(len(order)) - graph.indptr[row]
    places, values = np.full((count, _WIDTH), -1, dtype=np.int64), np.zeros((count, _WIDTH))
    top = rank < _WIDTH
    places[row[top], rank[top]] = graph.indices[order][top]
    values[row[top], rank[top]] = graph.data[order][top]
    return Ranks(places, values)


def _features(own: Ranks, across: Ranks, rows: Places, rank: int) -> Floats:
    cosine, columns = own.values[rows, rank], own.places[rows, rank]
    other = np.where(across.places[columns, 0] == rows, across.values[columns, 1], across.values[columns, 0])
    first, second = cosine - own.values[rows, rank + 1], cosine - other
    return np.column_stack([cosine, np.minimum(first, second), np.maximum(first, second)])
