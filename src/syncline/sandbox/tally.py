"""What a simulated application counts: proof that a writer did not write too often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

API = "api"  # who writes through the interface; everybody else is a simulated person


@dataclass(slots=True)
class Tally:
    """Counts since the start of the process (or since they were reset)."""

    requests: Counter[str] = field(default_factory=Counter)  #: by HTTP method
    answers: Counter[str] = field(default_factory=Counter)  #: by HTTP status
    faults: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)  #: about changes: tries, taken, lost
    records: dict[str, Counter[str]] = field(default_factory=dict)

    def record(self, resource: str, what: str, who: str = API) -> None:
        """Count one record created, updated, unchanged, deleted, merged or read."""
        if who == API:
            self.records.setdefault(resource, Counter())[what] += 1

    def reset(self) -> None:
        """Start counting anew."""
        self.requests.clear()
        self.answers.clear()
        self.faults.clear()
        self.messages.clear()
        self.records.clear()

    def shown(self) -> dict[str, object]:
        """All counts as JSON."""
        total: Counter[str] = Counter()
        for counts in self.records.values():
            total.update(counts)
        kinds = ("creates", "updates", "unchanged", "deletes", "merges")
        reads = self.requests["GET"]
        return {
            "requests": sum(self.requests.values()),
            "reads": reads,
            "write_requests": sum(self.requests.values()) - reads,
            "writes": sum(total[kind] for kind in kinds),
            **{kind: total[kind] for kind in kinds},
            "by_resource": {name: dict(c) for name, c in self.records.items()},
            "answers": dict(self.answers),
            "answers_429": self.answers["429"],
            "faults": dict(self.faults),
            "messages": dict(self.messages),
        }
