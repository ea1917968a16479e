"""The agreed data of a project, for analyses: as of one moment, with what is in doubt, and with names for people."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import ibis
import pyarrow as pa
from ibis import _
from ibis.backends import BaseBackend

from syncline.analytics.dataset.doubt import Doubt
from syncline.analytics.dataset.facts import FACTS
from syncline.analytics.dataset.opening import asked_through_ibis, open_dataset
from syncline.analytics.dataset.refresh import Refreshed, refresh
from syncline.app.opening import open_hub
from syncline.engine.drift import drift
from syncline.engine.hub import Hub
from syncline.model.report import DriftCount, DriftRow

FILE = "analytics.duckdb"  #: below .syncline; it can be removed at any time
_CAUSES = ("in_flight", "blocked", "conflict", "parked", "unexplained")


class AgreedData(NamedTuple):
    """Tables of one moment."""

    hub: Hub
    backend: BaseBackend
    at: datetime  #: the moment
    doubts: Sequence[Doubt]
    refreshed: Refreshed
    computed: dict[str, pa.Table]  #: facts that were asked for already: all are of one moment

    def facts(self, name: str) -> pa.Table:
        """One of `FACTS`, computed once."""
        if name not in self.computed:
            self.computed[name] = FACTS[name](self.backend).to_pyarrow()
        return self.computed[name]

    def products(self) -> Mapping[int, str]:
        """What people call each product: its sku, else its name, else its number here; no two the same."""
        return _called(self.backend, "product", "sku", "name")

    def customers(self) -> Mapping[int, str]:
        """What people call each customer: its name, else its number here; two of one name have the number behind it."""
        return _called(self.backend, "customer", "name", "number")

    def suppliers(self) -> Mapping[int, str]:
        """What people call each supplier."""
        return _called(self.backend, "supplier", "name", "number")


@contextmanager
def agreed_data(folder: Path) -> Iterator[AgreedData]:
    """Bring the project's dataset up to now, and open it; also while a hub is at work."""
    with open_hub(folder, writing=False) as hub:
        own = folder / ".syncline"
        own.mkdir(exist_ok=True)
        secret = {bound.entity: bound.flow.quality.secret for bound in hub.flows.values()}
        before = os.umask(0o077)  # it holds what people keep of their customers: for its owner's eyes alone
        if (own / FILE).exists():
            (own / FILE).chmod(0o600)
        dataset = open_dataset(own / FILE)
        try:
            with hub.store.snapshot() as moment:
                refreshed = refresh(dataset, moment, secret=secret)
            at = datetime.fromtimestamp(hub.now() / 1e6, UTC)
            yield AgreedData(hub, asked_through_ibis(dataset), at, _doubts(hub), refreshed, {})
        finally:
            dataset.close()
            os.umask(before)


def _doubts(hub: Hub) -> list[Doubt]:
    """Per entity and field, over all pairs of systems, the causes for which values differ."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in drift(hub, None, repair=False):
        for field, count in row.by_field.items():
            causes = found.setdefault((_entity(hub, row), field), {})
            for cause, records in _differing(count).items():
                causes[cause] = max(causes.get(cause, 0), records)
    return [Doubt(entity, field, causes) for (entity, field), causes in found.items() if any(causes.values())]


def _entity(hub: Hub, row: DriftRow) -> str:
    return hub.flows[row.flow].entity


def _differing(count: DriftCount) -> dict[str, int]:
    return {cause.replace("_", " "): getattr(count, cause) for cause in _CAUSES}


def _called(backend: BaseBackend, entity: str, *fields: str) -> dict[int, str]:
    columns = [ibis.coalesce(*(backend.table(entity)[field] for field in fields))]
    rows = backend.table(entity).select(eid=_.eid, label=columns[0]).to_pyarrow()
    names = {eid: label or f"#{eid}" for eid, label in zip(*(rows.column(n).to_pylist() for n in (0, 1)), strict=True)}
    counts: dict[str, int] = {}
    for label in names.values():
        counts[label] = counts.get(label, 0) + 1
    return {eid: label if counts[label] == 1 else f"{label} #{eid}" for eid, label in names.items()}
