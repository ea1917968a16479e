"""The record of each run: its number, when, and its ledger, kept in the store."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.engine.hub import Hub, Run
from syncline.model.ledger import Ledger, ReadOutcome, SentOutcome
from syncline.ports.store import Store

_KIND = "run"


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """One flow and system of a finished run."""

    flow: str
    system: str
    read: int
    reads: Mapping[str, int]
    intended: int
    sent: Mapping[str, int]
    window: int = 0


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run as it is kept."""

    number: int
    started: int  #: [µs]
    finished: int = 0  #: [µs]; 0 when it was interrupted
    accounts: list[AccountRow] = []
    held: list[str] = []
    paused: Mapping[str, str] = {}
    problems: list[str] = []


def _name(number: int) -> str:
    return f"{number:012d}"


def open_run(hub: Hub, *, full: bool, approved: bool, send: bool) -> Run:
    """Give the run its number and write down that it began."""
    last = hub.store.document("last-run", "number")
    number = int(last or 0) + 1
    with hub.store.transaction() as tx:
        tx.put_documents("last-run", {"number": str(number).encode()})
        tx.put_documents(_KIND, {_name(number): msgspec.json.encode(RunRow(number=number, started=hub.now()))})
    return Run(number=number, ledger=Ledger(run=number), full=full, approved=approved, deliver=send)


def close_run(hub: Hub, run: Run) -> None:
    """Keep the run's ledger."""
    body = hub.store.document(_KIND, _name(run.number))
    begun = msgspec.json.decode(body, type=RunRow) if body else RunRow(number=run.number, started=hub.now())
    row = msgspec.structs.replace(
        begun, finished=hub.now(), held=run.held, paused=run.paused, problems=run.ledger.problems(),
        accounts=[
            AccountRow(
                flow=flow, system=system, read=account.read, reads=_counts(account.reads),
                intended=account.intended, sent=_counts(account.sent), window=account.window,
            )
            for (flow, system), account in run.ledger.accounts.items()
        ],
    )  # fmt: skip
    with hub.store.transaction() as tx:
        tx.put_documents(_KIND, {_name(run.number): msgspec.json.encode(row)})


def _counts(counter: Mapping[ReadOutcome, int] | Mapping[SentOutcome, int]) -> dict[str, int]:
    return {str(outcome): count for outcome, count in counter.items() if count}


def runs(store: Store) -> list[RunRow]:
    """Every run, oldest first."""
    return [msgspec.json.decode(body, type=RunRow) for body in store.documents(_KIND).values()]
