"""Mines the agreed data: demand that changes, seasons, outliers, and who or what is late more often than the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from syncline.analytics.dataset.doubt import Doubt, doubts_in
from syncline.analytics.demand.periods import regular_periods
from syncline.analytics.mining.finding import Candidate, Findings
from syncline.analytics.mining.findings import mine
from syncline.analytics.mining.lateness import Delivery, lateness_candidates
from syncline.analytics.mining.series import Series, demand_candidates
from syncline.app.analyses.agreed import AgreedData
from syncline.app.analyses.forecasting import agreed_orders

KNOWN = "mined.json"  #: below .syncline: what was found the last time
_MONTHS = 12


class Mined(NamedTuple):
    """What was found, and in what."""

    found: Findings
    doubts: tuple[Doubt, ...]


def dig(data: AgreedData, folder: Path, *, false_share: float, keep: bool) -> Mined:
    """Test all there is. With `keep`, what is found now is known the next time, and then ranks lower."""
    candidates = [*_demand(data), *lateness_candidates(_purchases(data)), *lateness_candidates(_orders(data))]
    found = mine(candidates, known=_known(folder), false_share=false_share)
    if keep and found.tested:
        names = sorted(one.candidate.name for one in found.findings)
        place = folder / ".syncline" / KNOWN
        place.touch(mode=0o600)  # it names customers
        place.write_bytes(msgspec.json.encode(names))
    return Mined(found, doubts_in(data.doubts, ["sales_order", "purchase_order"]))


def _known(folder: Path) -> Collection[str]:
    place = folder / ".syncline" / KNOWN
    try:
        return msgspec.json.decode(place.read_bytes(), type=list[str]) if place.exists() else []
    except msgspec.MsgspecError:
        return []  # what cannot be read is found anew


def _demand(data: AgreedData) -> list[Candidate]:
    """Each product by month: its level, its season, its outliers."""
    orders = agreed_orders(data)
    if not len(orders):
        return []
    prices, end = _prices(data), data.at.date().replace(day=1) - timedelta(days=1)  # a month that goes on says nothing
    if min(orders.column("date").to_pylist()) > end:
        return []
    months: dict[str, tuple[list[str], list[float]]] = {}
    for row in regular_periods(orders, freq="M", as_of=end).to_pylist():
        periods, values = months.setdefault(row["key"], ([], []))
        periods.append(f"{row['period']:%Y-%m}")
        values.append(row["qty"])
    series = [
        Series(key, periods, np.array(values, float), prices.get(key, 0.0), _MONTHS)
        for key, (periods, values) in sorted(months.items())
    ]
    return [candidate for one in series for candidate in demand_candidates(one)]


def _prices(data: AgreedData) -> dict[str, float]:
    names = data.products()
    rows = data.backend.table("product").select("eid", "price").to_pyarrow().to_pylist()
    return {names[row["eid"]]: row["price"] for row in rows if row["price"] is not None}


def _purchases(data: AgreedData) -> list[Delivery]:
    names, suppliers = data.products(), data.suppliers()
    found = []
    for row in data.facts("receipts").to_pylist():
        traits = [("supplier", suppliers.get(row["supplier"])), ("bought product", names.get(row["product"]))]
        money = (row["quantity"] or 0.0) * (row["price"] or 0.0)
        found.append((row["number"], row["promise_date"], row["received_on"], money, traits))
    return _deliveries("purchases of a", found)


def _orders(data: AgreedData) -> list[Delivery]:
    """Orders that were delivered, against the day that was promised, or else wanted."""
    customers = data.customers()
    columns = ["number", "customer", "promise_date", "requested_date", "delivered_on", "total", "channel", "site"]
    found = []
    for row in data.backend.table("sales_order").select(*columns).to_pyarrow().to_pylist():
        traits = [
            ("customer", customers.get(row["customer"])),
            ("channel", row["channel"]),
            ("shipped from", row["site"]),
        ]
        wanted = row["promise_date"] or row["requested_date"]
        found.append((row["number"], wanted, row["delivered_on"], row["total"] or 0.0, traits))
    return _deliveries("orders of a", found)


def _deliveries(what: str, rows: Any) -> list[Delivery]:  # noqa: ANN401  tuples, as they come from the tables
    found = []
    for number, promised, came, money, traits in rows:
        if isinstance(promised, date) and isinstance(came, date):
            told = (*((name, value) for name, value in traits if value), (what, f"{promised:%A}"))
            found.append(Delivery(number or "", promised, came, money, told))
    return found


def shown(found: Findings) -> Sequence[dict[str, object]]:
    """Findings as plain data."""
    return [
        {**one.candidate._asdict(), "q_value": one.q_value, "is_new": one.is_new, "rank": one.rank}
        for one in found.findings
    ]
