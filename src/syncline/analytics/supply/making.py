"""When an order could be ready, draw by draw: parts that come when they come, operations that take what they take.

Time is counted in days from the start of the day of asking. What is received on a day can be worked on from the next
morning; what is in stock, at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syncline.analytics.supply.plant import Floats, Shop, Step

_NOTHING = 1e-9


class Need(NamedTuple):
    """Where the units of one item come from."""

    gross: float
    stock: float
    receipts: float
    last_receipt: float  #: the day of the last receipt that is used [d]
    net: float


class Ready(NamedTuple):
    """When an item is ready, and what its own wait hangs on."""

    days: Floats  #: by draw
    spent: Mapping[str, Floats]  #: by cause, of this item alone [d]
    parts: tuple[str, ...]  #: components that were waited for
    last: NDArray[np.int64]  #: which of them came last, by draw


def needs_of(shop: Shop, product: str, qty: float) -> dict[str, Need]:
    """What the order needs of every item, from the product down: free stock first, then receipts, then the rest."""
    gross = {product: qty}
    found: dict[str, Need] = {}
    while gross:
        item = min(gross, key=lambda name: (shop.order.get(name, 0), name))
        units = gross.pop(item)
        stock = min(units, shop.stock.get(item, 0.0))
        receipts, last = _received(shop, item, units - stock)
        net = units - stock - receipts
        net = net if net > _NOTHING * max(units, 1.0) else 0.0
        found[item] = Need(units, stock, receipts, last, net)
        if net:
            for part, each in shop.parts.get(item, ()):
                gross[part] = gross.get(part, 0.0) + net * each
    return found


def _received(shop: Shop, item: str, units: float) -> tuple[float, float]:
    used, last = 0.0, 0.0
    for day, coming in shop.receipts.get(item, ()):
        if units - used <= _NOTHING:
            break
        used, last = used + min(coming, units - used), day
    return used, last


def ready_times(shop: Shop, needs: Mapping[str, Need], draws: int, seed: int) -> Iterator[tuple[str, Ready]]:
    """Every item, components first; each item draws from a stream of its own place.

    A part without a known lead time is never ready: its days are infinite.
    """
    ready: dict[str, Ready] = {}
    for place, (item, need) in reversed(list(enumerate(needs.items()))):
        random = np.random.default_rng([seed, place])
        spent: dict[str, Floats] = {}
        days = np.zeros(draws)
        if need.receipts:
            days = _receipt(shop, item, need, random.random(draws))
            spent[f"receipt of {item}"] = days
        parts = tuple(part for part, _ in shop.parts.get(item, ()) if need.net and part in ready)
        last = np.zeros(draws, np.int64)
        if need.net and not parts:
            bought = 1 + _days(shop.curves.get(item), random.random(draws), math.inf)
            spent, days = _later(spent, days, {f"part {item}": bought}, bought)
        elif need.net:
            waits = np.stack([ready[part].days for part in parts])
            last, begin = waits.argmax(axis=0), waits.max(axis=0)
            work = dict(_work(shop, item, need.net, begin, random))
            spent, days = _later(spent, days, work, begin + sum(work.values(), np.zeros(draws)))
        ready[item] = Ready(days, spent, parts, last)
        yield item, ready[item]


def _later(
    spent: dict[str, Floats], days: Floats, other: dict[str, Floats], other_days: Floats
) -> tuple[dict[str, Floats], Floats]:
    """Of a receipt and of making, that which is later counts."""
    first = days > other_days
    causes = {name: np.where(first, values, 0.0) for name, values in spent.items()}
    return causes | {name: np.where(first, 0.0, values) for name, values in other.items()}, np.maximum(days, other_days)


def _work(
    shop: Shop, item: str, units: float, begin: Floats, random: np.random.Generator
) -> Iterator[tuple[str, Floats]]:
    """The time of making by cause: in the free hours of its work centres, else by its own past times, else none."""
    now = begin
    spent: dict[str, Floats] = {}
    for step in shop.steps.get(item, ()):
        end = _worked(shop, step, units, now, random.random(len(now)))
        with np.errstate(invalid="ignore"):
            took = np.where(np.isfinite(end), end - now, math.inf)
        name = f"work centre {step.resource}"
        spent[name] = spent.get(name, 0.0) + took
        now = end
    if not shop.steps.get(item) and item in shop.curves:
        spent[f"making {item}"] = _days(shop.curves[item], random.random(len(now)), 0.0)
    yield from spent.items()


def _worked(shop: Shop, step: Step, units: float, begin: Floats, chance: Floats) -> Floats:
    """The end of a step that begins at `begin` and goes on whenever hours are free; infinite beyond the calendar."""
    needed = (step.setup + step.run * units) * _drawn(shop.factors.get(step.resource), chance, 1.0)
    total = shop.hours[step.resource]
    known = np.where(np.isfinite(begin), begin, 0.0)
    target = np.interp(known, np.arange(len(total)), total) + needed
    place = np.clip(np.searchsorted(total, target - _NOTHING), 1, len(total) - 1)
    width = total[place] - total[place - 1]
    share = np.where(width > 0, (target - total[place - 1]) / np.where(width > 0, width, 1.0), 0.0)
    end = np.maximum(place - 1 + np.clip(share, 0.0, 1.0), known)
    beyond = (target > total[-1] + _NOTHING) | ~np.isfinite(begin)
    return np.asarray(np.where(beyond, math.inf, np.where(needed > _NOTHING, end, known)))


def _receipt(shop: Shop, item: str, need: Need, chance: Floats) -> Floats:
    """A receipt is as late or early as lead times of the item differ from their median."""
    curve = shop.curves.get(item)
    if curve is None:
        return np.full(len(chance), 1.0 + need.last_receipt)
    return np.asarray(np.maximum(1 + need.last_receipt + _days(curve, chance, 0.0) - np.rint(np.median(curve)), 1.0))


def _days(curve: Floats | None, chance: Floats, without: float) -> Floats:
    """Whole days, as lead times are."""
    return np.asarray(np.rint(_drawn(curve, chance, without)))


def _drawn(curve: Floats | None, chance: Floats, without: float) -> Floats:
    if curve is None:
        return np.full(len(chance), without)
    middles = (np.arange(len(curve)) + 0.5) / len(curve)
    return np.asarray(np.interp(chance, middles, curve))


def causes(product: str, ready: Mapping[str, Ready]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean days by cause along the last way of each draw; and the share of draws whose last way an item is on."""
    draws = len(ready[product].days)
    active = {product: np.ones(draws, bool)}
    spent: dict[str, float] = {}
    for item in reversed(list(ready)):
        on = active.get(item)
        if on is None:
            continue
        for name, days in ready[item].spent.items():
            spent[name] = spent.get(name, 0.0) + float(days[on].sum()) / draws
        received = ready[item].spent.get(f"receipt of {item}")
        waited = on if received is None else on & (received == 0)
        for place, part in enumerate(ready[item].parts):
            active[part] = active.get(part, np.zeros(draws, bool)) | (waited & (ready[item].last == place))
    return spent, {item: float(on.mean()) for item, on in active.items()}
