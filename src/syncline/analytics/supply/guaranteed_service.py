"""Where to keep stock in a network of stages, so that each promises its customers a service time and keeps it.

Each stage quotes S_out to those after it and is quoted S_in by those before it; with a processing time T it must hold
stock against S_in + T - S_out days of demand. The best times of a tree come from dynamic programming.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from syncline.analytics.supply.bounds import listed, no_negatives, no_twins
from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError, SetupError

STAGES = Layout(
    row="one stage of a network: an item at a place",
    columns=(
        Column("stage", pa.string(), available_at=ALWAYS),
        Column("time", pa.int64(), unit="d", available_at=ALWAYS),
        Column("holding_cost", pa.float64(), unit="money", available_at=ALWAYS),
        Column("sd", pa.float64(), unit="unit", available_at=ALWAYS),
        Column("bound", pa.float64(), available_at=ALWAYS),
        Column("inbound", pa.int64(), unit="d", available_at=ALWAYS),
    ),
)
EDGES = Layout(
    row="one stage that feeds another",
    columns=(
        Column("stage", pa.string(), available_at=ALWAYS),
        Column("next_stage", pa.string(), available_at=ALWAYS),
        Column("units", pa.float64(), available_at=ALWAYS),
    ),
)
SERVICE = Layout(
    row="one stage with its service times and its stock",
    columns=(
        Column("stage", pa.string()),
        Column("s_in", pa.int64(), unit="d"),
        Column("s_out", pa.int64(), unit="d"),
        Column("safety_stock", pa.float64(), unit="unit"),
        Column("cost", pa.float64(), unit="money"),
    ),
)
_DAYS = 1_000  #: the longest time through a network


class Network(NamedTuple):
    """Stages and the edges between them; `sd` counts at stages that nobody follows, `inbound` where nobody precedes."""

    stages: pa.Table
    edges: pa.Table


class _Stage(NamedTuple):
    time: int
    holding: float
    deviation: float  #: bound x standard deviation of a day's demand that it serves [units]
    inbound: int
    outbound: int  #: the longest it may promise [d]
    before: tuple[str, ...]
    after: tuple[str, ...]


class _Tree(NamedTuple):
    stages: Mapping[str, _Stage]
    longest: Mapping[str, int]  #: replenishment time through everything before [d]
    order: tuple[str, ...]  #: leaves first
    parent: Mapping[str, str | None]
    best: dict[str, NDArray[np.float64]]  #: cost of the part that hangs below, by the time to its parent


def guaranteed_service(network: Network, service_times: Mapping[str, int]) -> pa.Table:
    """The service times with the least cost of safety stock, as a table `SERVICE`.

    Cost of a stage: h k sigma sqrt(S_in + T - S_out); sigma^2 adds up over what it serves, units^2 times.

    Args:
        network: A tree (or several) of `STAGES`, joined by `EDGES`; times are whole days.
        service_times: By stage that serves customers, the longest time it may quote them [d].

    Source:
        Graves & Willems (2000), Manufacturing & Service Operations Management 2(1); Snyder & Shen, 2nd ed. (2019),
        section 6.3, example 6.5.

    Raises:
        RejectedError: the network is no tree, names an unknown stage, or holds absurd figures.
        SetupError: a stage that nobody follows has no service time.

    >>> stages = pa.table({"stage": ["1", "3", "2", "4"], "time": [2, 1, 1, 1], "holding_cost": [1.0, 2.0, 3.0, 3.0],
    ...     "sd": [0.0, 0.0, 1.0, 1.0], "bound": [1.0] * 4, "inbound": [1, 0, 0, 0]})
    >>> edges = pa.table({"stage": ["1", "3", "3"], "next_stage": ["3", "2", "4"], "units": [1.0] * 3})
    >>> best = guaranteed_service(Network(stages, edges), {"2": 0, "4": 1})
    >>> best["s_out"].to_pylist(), round(sum(best["cost"].to_pylist()), 5)
    ([0, 0, 0, 1], 8.27792)
    """
    stages = _stages(network, service_times)
    tree = _tree(stages)
    for name in tree.order:
        tree.best[name] = _below(tree, name)
    times = _chosen(tree)
    rows = [(name, *times[name]) for name in stages]
    kept = [stages[n].deviation * math.sqrt(max(into + stages[n].time - out, 0)) for n, into, out in rows]
    return made(
        SERVICE,
        {
            "stage": [name for name, _, _ in rows],
            "s_in": [into for _, into, _ in rows],
            "s_out": [out for _, _, out in rows],
            "safety_stock": kept,
            "cost": [stages[row[0]].holding * units for row, units in zip(rows, kept, strict=True)],
        },
    )


def _stages(network: Network, service_times: Mapping[str, int]) -> dict[str, _Stage]:
    table = no_twins(asked(STAGES, network.stages, name="stages"), ["stage"], name="stages")
    no_negatives(table, ["time", "holding_cost", "sd", "bound", "inbound"], name="stages")
    edges = no_negatives(asked(EDGES, network.edges, name="edges"), ["units"], name="edges").to_pylist()
    rows = {row["stage"]: row for row in table.to_pylist()}
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for edge in edges:
        if unknown := {edge["stage"], edge["next_stage"]} - rows.keys():
            raise RejectedError(f"An edge names {listed(sorted(unknown))}, and there is no such stage.")
        before[edge["next_stage"]].append(edge["stage"])
        after[edge["stage"]].append((edge["next_stage"], edge["units"]))
    if missing := [name for name in rows if not after[name] and name not in service_times]:
        raise SetupError(f"The stage {listed(missing)} serves customers and has no service time.", cure="Give it one.")
    variances: dict[str, float] = {}
    for name in reversed(_from_sources(rows, before, after)):
        own = rows[name]["sd"] ** 2
        variances[name] = own + sum(units**2 * variances[follower] for follower, units in after[name])
    return {
        name: _Stage(
            row["time"], row["holding_cost"], row["bound"] * math.sqrt(variances[name]), row["inbound"],
            service_times.get(name, _DAYS), tuple(before[name]), tuple(follower for follower, _ in after[name]),
        )
        for name, row in rows.items()
    }  # fmt: skip


def _from_sources(
    rows: Mapping[str, object], before: Mapping[str, list[str]], after: Mapping[str, list[tuple[str, float]]]
) -> list[str]:
    waiting = {name: len(before.get(name, ())) for name in rows}
    ready = [name for name, count in waiting.items() if not count]
    for name in ready:
        for follower, _ in after.get(name, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    if len(ready) < len(rows):
        raise RejectedError(f"The network feeds itself: {listed(sorted(rows.keys() - set(ready)))}.")
    return ready


def _tree(stages: Mapping[str, _Stage]) -> _Tree:
    """Leaves first, each with the one neighbour that comes later; what has more than one such is no tree."""
    longest: dict[str, int] = {}
    pending = list(stages)
    for name in _from_sources(
        stages,
        {name: list(stage.before) for name, stage in stages.items()},
        {name: [(follower, 1.0) for follower in stage.after] for name, stage in stages.items()},
    ):
        stage = stages[name]
        longest[name] = stage.time + max([longest[one] for one in stage.before], default=stage.inbound)
    if max(longest.values(), default=0) > _DAYS:
        raise RejectedError(f"The time through the network is more than {_DAYS} days.", cure="Count in weeks.")
    edges = sum(len(stage.after) for stage in stages.values())
    order: list[str] = []
    parent: dict[str, str | None] = {}
    roots = 0
    while pending:
        roots += 1
        parent[pending[-1]] = None
        found = [pending[-1]]
        for name in found:
            for other in (*stages[name].before, *stages[name].after):
                if other not in parent:
                    parent[other] = name
                    found.append(other)
        order.extend(found)
        pending = [name for name in pending if name not in parent]
    if edges != len(stages) - roots:
        raise RejectedError(
            "The network is no tree: two of its stages are joined in more than one way.",
            cure="Join stages that always go together into one, or leave out the lesser way.",
        )
    return _Tree(stages, longest, tuple(reversed(order)), parent, {})


def _costs(tree: _Tree, name: str) -> NDArray[np.float64]:
    """Cost of a stage and all that hangs below it, by S_in (rows) and S_out (columns); infinite where impossible."""
    stage, most = tree.stages[name], tree.longest[name]
    into, out = np.arange(most - stage.time + 1)[:, None], np.arange(most + 1)[None, :]
    net = into + stage.time - out
    fits = (net >= 0) & (out <= stage.outbound)
    if not stage.before:
        fits &= into >= stage.inbound
    cost = np.where(fits, stage.holding * stage.deviation * np.sqrt(np.maximum(net, 0)), math.inf)
    for other in stage.before:
        if other != tree.parent[name]:
            quoted = np.minimum.accumulate(tree.best[other])  # what is quoted to us may be less than S_in
            cost = cost + quoted[np.minimum(into, len(quoted) - 1)]
    for other in stage.after:
        if other != tree.parent[name]:
            taken = np.minimum.accumulate(tree.best[other][::-1])[::-1]  # what it takes in may be more than S_out
            cost = cost + np.where(out < len(taken), taken[np.minimum(out, len(taken) - 1)], math.inf)
    return cost


def _below(tree: _Tree, name: str) -> NDArray[np.float64]:
    """By S_out where the parent comes after, by S_in where it comes before."""
    return np.asarray(_costs(tree, name).min(axis=0 if tree.parent[name] in tree.stages[name].after else 1))


def _chosen(tree: _Tree) -> dict[str, tuple[int, int]]:
    """From the roots back to the leaves: the times whose cost was the least."""
    times: dict[str, tuple[int, int]] = {}
    for name in reversed(tree.order):
        cost, parent = _costs(tree, name), tree.parent[name]
        if parent is not None and parent in tree.stages[name].after:
            cost = np.where(np.arange(cost.shape[1])[None, :] <= times[parent][0], cost, math.inf)
        elif parent is not None:
            cost = np.where(np.arange(cost.shape[0])[:, None] >= times[parent][1], cost, math.inf)
        place = int(cost.argmin())
        if not math.isfinite(cost.flat[place]):
            raise RejectedError(f"No service times keep what {name} must promise.")
        times[name] = (place // cost.shape[1], place % cost.shape[1])
    return times
