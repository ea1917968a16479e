"""One run: bring flows into agreement once. The diagram of the architecture, in code.

systems --list--> Hint --get--> Record --map--> Entity --match--> Link --merge(Shadow)--> Canon (+ Conflict)
systems <-- deliver <-- Intent <-- plan(Canon, Shadows) <---------------------------------------------'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from syncline.engine.approval import held_back
from syncline.engine.cleaning import clean
from syncline.engine.deliver import deliver
from syncline.engine.discover import discover, to_be_listed
from syncline.engine.hub import BoundFlow, Hub, Pass, Run
from syncline.engine.moved import ask_again, tell_of_moved
from syncline.engine.recover import recover
from syncline.engine.refresh import refresh
from syncline.engine.runs import close_run, open_run
from syncline.engine.schema import drifted
from syncline.engine.step import DEFAULT_BATCH
from syncline.engine.wake import wake, wake_deferred
from syncline.errors import (
    BrokenLedgerError,
    SetupError,
    StoreFailedError,
    StoreLostError,
    SynclineError,
    TransientError,
)
from syncline.model.event import Event
from syncline.model.flow import Direction
from syncline.model.ledger import SentOutcome
from syncline.model.page import Op
from syncline.model.state import Intent, IntentState

Allowed = Callable[[Pass, Intent], bool]

MOST_ROUNDS = 200  #: a run that is not done by then has met systems that never rest


def run(hub: Hub, flows: Sequence[BoundFlow], *, full: bool = False, approved: bool = False, send: bool = True) -> Run:
    """Read, merge, plan and deliver once. `send=False` stops before the first write.

    Raises BrokenLedgerError when a record or an intent has no outcome; a system that cannot be reached or a mapping
    that no longer fits is left out, noted in `Run.paused`, and everything else flows. A store that fails ends the run.
    """
    this = open_run(hub, full=full, approved=approved, send=send)
    recover(hub, this)
    passes = [Pass(hub=hub, run=this, bound=bound, side=side) for bound in flows for side in bound.sides.values()]
    for at in passes:
        if to_be_listed(at):
            attempt(at, _discover)
            hub.give_way()
    _refresh_due(passes)
    clean(hub, flows)
    if send:
        deliver_until_quiet(hub, passes)
    for at in passes:
        _count_pending(at)
    close_run(hub, this)
    problems = this.ledger.problems()
    if problems:
        msg = f"The ledger of run {this.number} does not balance: {'; '.join(problems)}."
        cure = "Nothing is lost: run `syncline sync --full`, and report this with what `syncline status --json` says."
        raise BrokenLedgerError(msg, cure=cure)
    return this


def attempt(at: Pass, action: Callable[[Pass], bool]) -> bool:
    """What `action` says of one side; False when its system fails, which is then left out of this run, alone."""
    if _paused(at):
        return False
    try:
        at.side.gate.refuse_closed()
        return action(at)
    except (StoreLostError, StoreFailedError):  # no system's fault, and nothing can be written down any more
        raise
    except SynclineError as error:
        at.run.paused[at.side.system if isinstance(error, TransientError) else _place(at)] = str(error)
        at.hub.tell(Event(kind="paused", flow=at.bound.flow.name, system=at.side.system, message=str(error)))
        return False


def _discover(at: Pass) -> bool:
    reason = drifted(at)
    if reason:
        raise SetupError(reason, cure="Correct the mapping, then: syncline check")
    discover(at)
    return True


def _refresh_due(passes: Sequence[Pass]) -> bool:
    """Read by key whatever is due, parents first, until nothing is."""
    busy = False
    for at in passes:
        wake_deferred(at)
        for _ in range(MOST_ROUNDS):
            if not attempt(at, refresh) and not wake_deferred(at):
                break
            busy = True
            at.hub.give_way()
        else:
            if not at.run.deliver:
                at.run.held.append(
                    f"{at.bound.flow.name}: more records of {at.side.system} are to be read than one plan reads, so it "
                    "is not whole. Make another one to go on: syncline plan"
                )
    return busy


def _whatever(_at: Pass, _intent: Intent) -> bool:
    return True


def deliver_until_quiet(hub: Hub, passes: Sequence[Pass], allowed: Allowed = _whatever) -> None:
    """Deliver, read again what is due, wake what waited; wait for short quarantines; stop when all is quiet.

    Only intents that are `allowed` go: each is asked about right before its batch.
    """
    started = hub.env.monotonic()
    for _ in range(MOST_ROUNDS):
        busy = [deliver_planned(at, allowed) for at in passes]
        woken = [_woken(at) and any(allowed(at, one) for one in _sendable(at)) for at in passes]
        if _refresh_due(passes) or any(busy) or any(woken):
            continue
        due = hub.store.next_due([at.side.stream for at in passes if not _paused(at)])
        if due is None or due - hub.now() > hub.settle_for * 1e6:
            return
        pause = max(0.0, (due - hub.now()) / 1e6)
        if hub.env.monotonic() - started + pause > hub.settle_for:
            return
        hub.env.sleep(max(pause, 0.01))


def _woken(at: Pass) -> bool:
    """Was anything planned anew for this side?"""
    return any([attempt(at, ask_again), attempt(at, tell_of_moved), attempt(at, wake)])


def _paused(at: Pass) -> bool:
    """Is this side left out of the rest of this run, alone or with its whole system?"""
    return not {at.side.system, _place(at)}.isdisjoint(at.run.paused)


def _place(at: Pass) -> str:
    return f"{at.bound.flow.name} {at.side.system}"


def _sendable(at: Pass) -> list[Intent]:
    """Planned intents of this side that may go: approved, and creates only once every record there was seen.

    Deletes go first: what is created next may be called as the one that goes. Where records of a flow refer to each
    other they go last, when nothing points at them any more.
    """
    intents = at.hub.store.intents(IntentState.PLANNED, at.side.stream)
    if not intents or at.side.side.direction is Direction.FROM:
        return []
    held = {intent.iid for intent in held_back(at, intents)}
    seen = at.hub.matched(at.side.stream)
    ready = [one for one in intents if one.iid not in held and (seen or one.op is not Op.CREATE)]
    first = () if at.bound.refers_to(at.bound.entity) else (Op.DELETE, Op.ARCHIVE)
    return sorted(ready, key=lambda intent: (intent.op not in first, intent.priority, intent.op, intent.iid))


def deliver_planned(at: Pass, allowed: Allowed = _whatever) -> bool:
    """Send the planned intents of one side, small ones joined to full batches; True when anything was sent."""
    sent, again = False, True
    while again:
        again = False
        for batch in batches(_sendable(at), at.hub.batch_sizes.get(at.side.stream, DEFAULT_BATCH)):
            going = [one for one in batch if allowed(at, one)]
            if not going:
                continue
            if not attempt(at, partial(deliver, intents=going)):
                break
            sent = True
            if again := at.hub.give_way():  # it may have sent some of the others, or planned new ones
                break
    return sent


def batches(intents: Sequence[Intent], size: int) -> Iterator[list[Intent]]:
    """Neighbouring intents of one kind and priority, as many as fit into one batch of `size` items."""
    batch: list[Intent] = []
    for one in intents:
        alike = batch and (batch[0].op, batch[0].priority) == (one.op, one.priority)
        if batch and not (alike and sum(len(other.eids) for other in batch) + len(one.eids) <= size):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def _count_pending(at: Pass) -> None:
    """What is still planned at the end of the run is pending."""
    for intent in at.hub.store.intents(IntentState.PLANNED, at.side.stream):
        at.account.intended += len(intent.eids)
        at.account.sent[SentOutcome.PENDING] += len(intent.eids)


def ledger_rows(this: Run) -> Iterator[tuple[str, str, dict[str, int], dict[str, int]]]:
    """(flow, system, reads by outcome, writes by outcome) of a run, without zeros."""
    for (flow, system), account in this.ledger.accounts.items():
        yield (
            flow,
            system,
            {outcome.value: count for outcome, count in account.reads.items() if count},
            {outcome.value: count for outcome, count in account.sent.items() if count},
        )
