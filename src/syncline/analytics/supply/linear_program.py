"""Linear programs put together block by block, and solved part by independent part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from syncline.errors import SetupError

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
_BATCH = 5_000  #: columns that are solved together, where parts are smaller
_INFEASIBLE = 2
_GAP = 1e-4


class Program(NamedTuple):
    """min cost x, with equal rows and rows of at most `limits`, 0 <= x <= most."""

    cost: Floats
    most: Floats
    rows: csr_array
    limits: Floats
    equal: NDArray[np.bool_]  #: which rows are equations


class Solution(NamedTuple):
    """`values` of the columns; `prices` of the rows: what one more unit of a limit is worth. None: there is none."""

    values: Floats | None
    prices: Floats


class Blocks:
    """Rows and columns as they are found, block by block."""

    def __init__(self) -> None:
        self.entries: list[tuple[Whole, Whole, Floats]] = []
        self.costs: list[Floats] = []
        self.mosts: list[Floats] = []
        self.limits: list[Floats] = []
        self.equals: list[NDArray[np.bool_]] = []
        self.columns = self.rows = 0

    def add_columns(self, cost: Floats, most: Floats) -> Whole:
        """Places of new columns."""
        self.costs.append(cost)
        self.mosts.append(most)
        self.columns += len(cost)
        return np.arange(self.columns - len(cost), self.columns)

    def add_rows(self, limits: Floats, *, equal: bool = False) -> Whole:
        """Places of new rows."""
        self.limits.append(limits)
        self.equals.append(np.full(len(limits), equal))
        self.rows += len(limits)
        return np.arange(self.rows - len(limits), self.rows)

    def put(self, rows: Whole, columns: Whole, values: Floats | float) -> None:
        """Coefficients; those of the same place add up."""
        self.entries.append((rows, columns, np.broadcast_to(np.asarray(values, float), rows.shape)))

    def program(self) -> Program:
        """The whole."""
        rows, columns, values = (np.concatenate(parts) for parts in zip(*self.entries, strict=True))
        matrix = coo_array((values, (rows, columns)), shape=(self.rows, self.columns)).tocsr()
        return Program(
            np.concatenate(self.costs), np.concatenate(self.mosts), matrix,
            np.concatenate(self.limits), np.concatenate(self.equals),
        )  # fmt: skip


def solved(program: Program) -> Solution:
    """Each independent part by HiGHS; parts are independent when they share no row.

    Source:
        Huangfu & Hall (2018), Parallelizing the dual revised simplex method, Math. Prog. Computation 10(1).
    """
    values, prices = np.zeros(len(program.cost)), np.zeros(len(program.limits))
    for rows, columns in _parts(program):
        part = program.rows[rows][:, columns]
        equal = program.equal[rows]
        found = linprog(
            program.cost[columns],
            A_ub=part[~equal] if (~equal).any() else None,
            b_ub=program.limits[rows][~equal] if (~equal).any() else None,
            A_eq=part[equal] if equal.any() else None,
            b_eq=program.limits[rows][equal] if equal.any() else None,
            bounds=np.column_stack([np.zeros(len(columns)), program.most[columns]]),
            method="highs",
        )
        if found.status == _INFEASIBLE:
            return Solution(None, prices)
        if found.status != 0:
            raise SetupError(f"The solver found no plan: {found.message}", cure="Look for absurdly large figures.")
        values[columns] = found.x
        told = np.zeros(len(rows))
        told[~equal] = -found.ineqlin.marginals if (~equal).any() else 0.0
        told[equal] = -found.eqlin.marginals if equal.any() else 0.0
        prices[rows] = told
    return Solution(values, prices)


def solved_in_whole(program: Program, whole: NDArray[np.bool_], *, nodes: int = 5_000) -> Solution:
    """The same where some columns are whole numbers: within 0.01 % of the best, or the best after so many nodes.

    There are no prices in whole numbers. A limit of nodes, not of time, gives the same plan on every machine.
    """
    values = np.zeros(len(program.cost))
    for rows, columns in _parts(program):
        low = np.where(program.equal[rows], program.limits[rows], -np.inf)
        found = milp(
            program.cost[columns],
            integrality=whole[columns].astype(int),
            bounds=Bounds(np.zeros(len(columns)), program.most[columns]),
            constraints=LinearConstraint(program.rows[rows][:, columns], low, program.limits[rows]),
            options={"mip_rel_gap": _GAP, "node_limit": nodes},
        )
        if found.x is None:
            return Solution(None, np.zeros(len(program.limits)))
        values[columns] = np.where(whole[columns], np.rint(found.x), found.x)
    return Solution(values, np.zeros(len(program.limits)))


def _parts(program: Program) -> Iterator[tuple[Whole, Whole]]:
    """Rows and columns of independent parts, small ones together."""
    height, width = program.rows.shape
    entries = program.rows.tocoo()
    places = (entries.row, entries.col + height)
    graph = coo_array((np.ones(entries.nnz), places), shape=(height + width, height + width))
    _, labels = connected_components(graph, directed=False)
    sizes = np.bincount(labels[height:], minlength=labels.max() + 1)
    batches = np.cumsum(sizes) // _BATCH
    batches = _whole_batches(batches, sizes)
    of_rows, of_columns = batches[labels[:height]], batches[labels[height:]]
    for batch in np.unique(of_columns):
        yield np.flatnonzero(of_rows == batch), np.flatnonzero(of_columns == batch)


def _whole_batches(batches: Whole, sizes: Whole) -> Whole:
    """A part of more than a batch stands alone."""
    alone = sizes >= _BATCH
    return np.where(alone, batches.max() + 1 + np.cumsum(alone), batches)
