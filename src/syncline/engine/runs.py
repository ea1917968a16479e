"""The record of each run: its number, when, and its ledger, kept in the store."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.engine.hub import Hub, Run
from syncline.model.ledger import Ledger, ReadOutcome, SentOutcome
from syncline.ports.store import Store, Transaction

PLAN, PLAN_OPEN, PLAN_OF = "plan", "plan-open", "plan-of"  #: kinds: plans; those not applied; by the run that made it
KEEP = 400 * 24 * 3_600_000_000  #: how long runs, their plans and their settled intents are kept [µs]
_KIND = "run"
_AT_ONCE = 20  #: runs that one run lets go
_INTENTS_AT_ONCE = 2_000


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


def name_of(number: int) -> str:
    """The name of what belongs to a run, in the order of the runs."""
    return f"{number:012d}"


def open_run(hub: Hub, *, full: bool, approved: bool, send: bool) -> Run:
    """Give the run its number and write down that it began."""
    last = hub.store.document("last-run", "number")
    number = int(last or 0) + 1
    with hub.store.transaction() as tx:
        tx.put_documents("last-run", {"number": str(number).encode()})
        tx.put_documents(_KIND, {name_of(number): msgspec.json.encode(RunRow(number=number, started=hub.now()))})
    return Run(number=number, ledger=Ledger(run=number), full=full, approved=approved, deliver=send)


def close_run(hub: Hub, run: Run) -> None:
    """Keep the run's ledger."""
    body = hub.store.document(_KIND, name_of(run.number))
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
        tx.put_documents(_KIND, {name_of(run.number): msgspec.json.encode(row)})
        _let_go(tx, hub.now() - KEEP)


def _let_go(tx: Transaction, before: int) -> None:
    """Forget the oldest runs that began before an instant [µs], a few at a time. The audit log keeps what they did."""
    last = int(tx.document("let-go", _KIND) or 0)
    kept = tx.documents(_KIND, [name_of(number) for number in range(last + 1, last + 1 + _AT_ONCE)])
    rows = [msgspec.json.decode(body, type=RunRow) for body in kept.values()]
    old = [row.number for row in rows if row.started < before]
    if not old:
        return
    names = [name_of(number) for number in old]
    plans = [body.decode() for body in tx.documents(PLAN_OF, names).values()]
    tx.drop_documents(_KIND, names)
    tx.drop_documents(PLAN_OF, names)
    tx.drop_documents(PLAN, plans)
    tx.drop_documents(PLAN_OPEN, plans)
    tx.drop_documents("applied", [str(number) for number in old])
    tx.put_documents("let-go", {_KIND: str(max(old)).encode()})
    tx.drop_settled(before=max(old) + 1, limit=_INTENTS_AT_ONCE)


def _counts(counter: Mapping[ReadOutcome, int] | Mapping[SentOutcome, int]) -> dict[str, int]:
    return {str(outcome): count for outcome, count in counter.items() if count}


def runs(store: Store) -> list[RunRow]:
    """Every run, oldest first."""
    return [msgspec.json.decode(body, type=RunRow) for body in store.documents(_KIND).values()]
