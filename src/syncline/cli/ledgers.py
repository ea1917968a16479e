"""How a run is told: its ledger, what waits, and whether the systems agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.cli.ending import Code
from syncline.cli.show import BAD, DIM, GOOD, HEAD, WAITS, Cell, Screen, counted, listed, moment, number
from syncline.model.report import Agreement, RunAccount, RunReport


def show_run(screen: Screen, report: RunReport) -> None:
    """The ledger of a run, one block per flow, and where it leaves the systems."""
    _show_accounts(screen, report.accounts)
    show_waiting(screen, report.held, report.paused)
    for problem in report.problems:
        screen.line((f"the ledger does not balance: {problem}", BAD), hang=2)
    if report.agreement:
        screen.line(*agreement_parts(report.agreement), hang=2)
        _show_cures(screen, report.agreement)


def code_of(report: RunReport) -> Code:
    """What a script is told about a run."""
    waits = bool(report.paused or report.held) or any(_in_doubt(one) for one in report.accounts)
    return Code.ERROR if report.problems else Code.WAITS if waits else Code.FINE


def _in_doubt(account: RunAccount) -> int:
    return account.sent.get("in doubt", 0)


def _show_accounts(screen: Screen, accounts: Sequence[RunAccount]) -> None:
    digits = max((len(number(max(one.read, one.intended))) for one in accounts), default=1)
    rows: list[Sequence[Cell]] = []
    flow = ""
    for one in accounts:
        name: Cell = (one.flow, HEAD) if one.flow != flow else ""
        flow = one.flow
        rows.append((name, one.system, _counts("read", one.read, one.reads, digits)))
        if one.intended:
            rows.append(("", "", _counts("sent", one.intended, one.sent, digits)))
    screen.table(rows, indent=0)


def _counts(word: str, total: int, outcomes: Mapping[str, int], digits: int) -> str:
    told = f"{word} {number(total).rjust(digits)}"
    ordered = {name: outcomes[name] for name in _ORDER if name in outcomes} | dict(outcomes)
    return f"{told} = {listed(ordered)}" if total else told


#: what is usual first, what needs a look last
_ORDER = ("unchanged", "updated", "created", "linked", "deleted", "filtered", "acknowledged", "deferred", "pending")


def show_waiting(screen: Screen, held: Sequence[str], paused: Mapping[str, str]) -> None:
    """What did not happen, why, and what to do about it."""
    for place, reason in paused.items():
        screen.line((f"{place} is paused: ", WAITS), reason, hang=2)
    if paused:
        screen.line(("Nothing is lost: what waits will be sent by a later pass.", DIM), hang=2)
    for reason in dict.fromkeys(held):
        screen.line((reason, WAITS), hang=2)
    if held:
        screen.line("  Look at them with `syncline plan`, then approve with `syncline sync --approve`.", hang=2)


def agreement_parts(told: Agreement) -> list[Cell]:
    """In agreement: 2,808 of 2,809 records · 1 conflict, 1 parked · verified through 11:40:07."""
    whole = told.agreed == told.records
    parts: list[Cell] = [("in agreement: ", GOOD if whole else WAITS)]
    parts.append(f"{number(told.agreed)} of {counted(told.records, 'record')}")
    open_ends = [
        counted(told.conflicts, "conflict") if told.conflicts else "",
        f"{number(told.parked)} parked" if told.parked else "",
        f"{number(told.waiting)} waiting" if told.waiting else "",
        counted(told.questions, "question") if told.questions else "",
    ]
    if any(open_ends):
        parts.append(f" · {', '.join(filter(None, open_ends))}")
    if told.verified_through:
        parts.append((f" · verified through {moment(told.verified_through)}", DIM))
    return parts


def _show_cures(screen: Screen, told: Agreement) -> None:
    commands = [
        ("syncline conflicts", told.conflicts),
        ("syncline parked", told.parked),
        ("syncline match --review", told.questions),
    ]
    next_steps = [command for command, count in commands if count]
    if next_steps:
        screen.line(("next: ", DIM), " · ".join(next_steps))
