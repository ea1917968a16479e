"""A run's count of outcomes; it balances.

Every record read has exactly one outcome, every intended write its own. The totals are counted where records and
intents arrive, the outcomes where they are decided, so that a forgotten one shows.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

import msgspec


class ReadOutcome(StrEnum):
    """What became of a record read. In order of precedence: the first that applies."""

    PARKED = "parked"
    CONFLICTED = "conflicted"
    DEFERRED = "deferred"
    CREATED = "created"
    LINKED = "linked"
    DELETED = "deleted"
    UPDATED = "updated"
    FILTERED = "filtered"
    UNCHANGED = "unchanged"


class SentOutcome(StrEnum):
    """What became of an intended write."""

    ACKNOWLEDGED = "acknowledged"
    PARKED = "parked"
    IN_DOUBT = "in doubt"
    PENDING = "pending"


class Account(msgspec.Struct, kw_only=True):
    """One flow and one system: what was read from it, what was to be sent to it."""

    read: int = 0
    reads: Counter[ReadOutcome] = msgspec.field(default_factory=Counter)
    intended: int = 0
    sent: Counter[SentOutcome] = msgspec.field(default_factory=Counter)
    window: int = 0  #: writes to a system without locking: each had a narrow window for a lost edit

    def recall_pending(self) -> None:
        """A write that this run counted as pending is tried again: its next outcome replaces that one."""
        self.intended -= 1
        self.sent[SentOutcome.PENDING] -= 1

    def doubt_ended(self, *, landed: bool, this_run: bool) -> None:
        """A write in doubt was found out: acknowledged when it had landed, else planned anew and counted then."""
        if this_run:
            self.intended -= 1
            self.sent[SentOutcome.IN_DOUBT] -= 1
        if landed:
            self.intended += 1
            self.sent[SentOutcome.ACKNOWLEDGED] += 1

    def problem(self) -> str:
        """In words, what does not balance; "" when all does."""
        reads, sent = sum(self.reads.values()), sum(self.sent.values())
        if self.read != reads:
            return f"{self.read} records read but {reads} outcomes"
        if self.intended != sent:
            return f"{self.intended} writes intended but {sent} outcomes"
        return ""


class Ledger(msgspec.Struct, kw_only=True):
    """The accounts of one run."""

    run: int
    accounts: dict[tuple[str, str], Account] = {}

    def account(self, flow: str, system: str) -> Account:
        """The account of one flow and system, opened when new."""
        found = self.accounts.get((flow, system))
        if found is None:
            found = self.accounts[flow, system] = Account()
        return found

    def problems(self) -> list[str]:
        """Every account that does not balance, in words."""
        return [
            f"{flow} {system}: {account.problem()}"
            for (flow, system), account in self.accounts.items()
            if account.problem()
        ]
