"""Figures for Prometheus: what the engine did, and where its systems stand.

Labels are flows, systems and outcomes alone, of which there are few; never a key of a record.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from syncline.model.event import Event
from syncline.model.figures import ExchangeFigure, Figures
from syncline.model.report import Agreement, StreamStatus

_SOON = (0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LONG = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
_STANDING = ("planned", "retrying", "blocked", "in_doubt", "parked", "conflicts", "questions", "hints")


class Metrics:
    """A listener that counts. Safe to read from any thread."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        side = ["flow", "system"]
        self._read = self._counter("records_read", "Records that were read.", side)
        self._changed = self._counter("records_changed", "Records read that had changed.", side)
        self._sent = self._counter("records_sent", "Records that were sent.", [*side, "outcome"])
        self._paused = self._counter("pauses", "Times that a system was left out of a pass.", side)
        self._webhooks = self._counter("webhooks", "Webhooks, by what became of them.", ["system", "outcome"])
        self._heard = self._counter("heard", "Messages of brokers that were passed on.", ["system"])
        self._hearing = self._gauge("hearing", "Whether a broker is heard: 1, or 0.", ["system"])
        self._followed = Histogram(
            "syncline_follow_seconds", "From when a record was told of to when it was followed.", ["system"],
            buckets=_SOON, registry=self._registry,
        )  # fmt: skip
        self._passes = Histogram(
            "syncline_pass_seconds", "How long a pass took.", ["flow"], buckets=_LONG, registry=self._registry
        )
        self._last = self._gauge("last_pass_timestamp_seconds", "When the last pass began.", ["flow"])
        self._waiting = self._gauge("told_records", "Records that were told of and not yet looked at.", [])
        self._standing = self._gauge("standing_records", "Records by what they wait for.", [*side, "state"])
        self._entities = self._gauge("entities", "Entities of a flow.", ["flow"])
        self._agreement = self._gauge("agreement_records", "Records of the last pass, by how they stand.", ["state"])

        self._exchange = self._gauge("exchange_changes", "Changes owed to a system, by outcome.", [*side, "outcome"])
        self._missing = self._gauge("exchange_missing_changes", "Changes without an outcome: 0, or a fault.", side)
        self._lag = self._gauge("lag_seconds", "Age of the oldest change that records lack.", [*side, "quantile"])
        self._open = self._gauge("open_record_hours", "Open drift over time.", [*side, "window"])
        self._burn = self._gauge("budget_burn_ratio", "Use of the error budget, 1 is allowed.", [*side, "window"])
        self._score = self._gauge("validation_score", "Weighted share of checks passed, 0 to 1.", ["flow", "over"])
        self._drift = self._gauge("drift_fields", "Fields of followers that differ.", ["flow", "state"])
        self._comparable = self._gauge("comparable_fields", "Fields of followers that were compared.", ["flow"])
        self._coverage = self._gauge("mapping_coverage_ratio", "Share of a system's fields that are mapped.", side)
        self._findings = self._gauge("findings_records", "Records that flow although they break a rule.", ["place"])

    def _counter(self, name: str, told: str, labels: Sequence[str]) -> Counter:
        return Counter(f"syncline_{name}", told, labels, registry=self._registry)

    def _gauge(self, name: str, told: str, labels: Sequence[str]) -> Gauge:
        return Gauge(f"syncline_{name}", told, labels, registry=self._registry)

    def hear(self, event: Event) -> None:
        """Count one page."""
        side, counts = (event.flow, event.system), event.counts
        if event.kind == "read":
            self._read.labels(*side).inc(counts.get("read", 0))
            self._changed.labels(*side).inc(counts.get("changed", 0))
        elif event.kind == "sent":
            acknowledged = counts.get("acknowledged", 0)
            self._sent.labels(*side, "acknowledged").inc(acknowledged)
            self._sent.labels(*side, "other").inc(max(0, counts.get("sent", 0) - acknowledged))
        elif event.kind == "paused":
            self._paused.labels(*side).inc()

    def webhook(self, system: str, outcome: str) -> None:
        """One webhook, and what became of it."""
        self._webhooks.labels(system, outcome).inc()

    def heard(self, system: str, count: int, trouble: str) -> None:
        """So many messages of a broker were passed on; why it is not heard, "" when all is well."""
        self._heard.labels(system).inc(count)
        self._hearing.labels(system).set(0 if trouble else 1)

    def followed(self, system: str, seconds: float) -> None:
        """A record was followed so long after it was told of [s]."""
        self._followed.labels(system).observe(seconds)

    def passed(self, flows: Sequence[str], began: float, seconds: float, agreement: Agreement | None) -> None:
        """A pass came to its end: when it began [s since 1970], and how long it took [s]."""
        for flow in flows:
            self._passes.labels(flow).observe(seconds)
            self._last.labels(flow).set(began)
        if agreement:
            for state in ("records", "agreed", "conflicts", "parked", "waiting", "questions"):
                self._agreement.labels(state).set(getattr(agreement, state))

    def standing(self, streams: Sequence[StreamStatus]) -> None:
        """Where every stream stands."""
        for one in streams:
            self._entities.labels(one.flow).set(one.entities)
            for state in _STANDING:
                self._standing.labels(one.flow, one.system, state).set(getattr(one, state))

    def reckoned(self, found: Figures) -> None:
        """The sync's own figures, as they are now; drift where every record was looked at."""
        for one in found.exchange:
            self._exchanged(one)
        for score in found.validation:
            for over, value in (("last", score.score), ("day", score.w), ("day_low", score.low)):
                self._score.labels(score.flow, over).set(value)
        for drift in found.drift:
            self._comparable.labels(drift.flow).set(drift.comparable)
            for state in ("settled", "in_flight", "missing", "orphans"):
                self._drift.labels(drift.flow, state).set(getattr(drift, state))
        for mapping in found.mappings:
            self._coverage.labels(mapping.flow, mapping.system).set(mapping.coverage)
        for place, count in found.findings.items():
            self._findings.labels(place).set(count)

    def _exchanged(self, one: ExchangeFigure) -> None:
        side = (one.flow, one.system)
        for outcome in ("captured", "applied", "rejected", "parked", "backlog"):
            self._exchange.labels(*side, outcome).set(getattr(one, outcome))
        self._missing.labels(*side).set(one.missing)
        for quantile, seconds in (("0.5", one.lag_p50), ("0.95", one.lag_p95), ("0.99", one.lag_p99)):
            self._lag.labels(*side, quantile).set(seconds)
        for window, hours in (("24h", one.open_24h), ("30d", one.open_30d)):
            self._open.labels(*side, window).set(hours)
        for window, burn in (("1h", one.burn_1h), ("6h", one.burn_6h)):
            self._burn.labels(*side, window).set(burn)

    def text(self, told: int) -> bytes:
        """Everything, as Prometheus reads it; `told` records wait to be looked at."""
        self._waiting.set(told)
        return generate_latest(self._registry)
