"""Records that are said to have changed: read them, merge them, deliver what follows, at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine.cleaning import clean
from syncline.engine.hub import BoundFlow, Hub, Pass, Run
from syncline.engine.limits import Priority
from syncline.engine.refresh import PAGE, refresh
from syncline.engine.run import attempt, deliver_planned, deliver_until_quiet
from syncline.model.ledger import Ledger
from syncline.model.state import Hint, Intent


def hint(hub: Hub, bound: BoundFlow, system: str, keys: Sequence[str], *, reason: str = "webhook") -> None:
    """Keep that these records may have changed. Durable when it returns: whoever told us may forget it."""
    side, now = bound.sides[system], hub.now()
    due = now + int(side.contract.settle * 1e6)  # before that a read may show what was there before the change
    with hub.store.transaction() as tx:
        tx.put_hints([Hint(stream=side.stream, key=key, reason=reason, due=due, at=now) for key in keys])


def follow(hub: Hub, bound: BoundFlow, system: str, *, run: int = 0) -> Ledger:
    """Act on what is due in one system now, and deliver it to the others. Its ledger balances like any run's."""
    this = Run(number=run, ledger=Ledger(run=run))
    _follow(hub, bound, system, this)
    return this.ledger


def follow_told(hub: Hub, bound: BoundFlow, system: str, keys: Sequence[str], run: Run) -> None:
    """The same of records that were just told of, a page at a time; each is a hint when its page begins.

    What is known to have changed goes first: what a listing has planned, and what is late, is left to a pass.
    """
    for start in range(0, len(keys), PAGE):
        _follow(hub, bound, system, run, keys[start : start + PAGE])


def _follow(hub: Hub, bound: BoundFlow, system: str, run: Run, keys: Sequence[str] = ()) -> None:
    this = _back_again(hub, run)
    passes = {side.system: Pass(hub=hub, run=this, bound=bound, side=side) for side in bound.sides.values()}
    with hub.together():  # the hint is durable, so that nothing else need be before the first write
        if keys:
            hint(hub, bound, system, keys)
        if attempt(passes[system], refresh):
            clean(hub, [bound])
            for at in passes.values():
                deliver_planned(at, _just_told) if keys else deliver_planned(at)
    run.paused.update(this.paused)


def _back_again(hub: Hub, run: Run) -> Run:
    """The same run with those systems in it again that may have come back by now.

    A pass comes to an end; this goes on from one telling to the next. Where a person must act, nothing is tried before
    the next pass.
    """
    return msgspec.structs.replace(
        run, paused={place: why for place, why in run.paused.items() if place not in hub.connectors}
    )


def _just_told(_at: Pass, intent: Intent) -> bool:
    return intent.priority <= Priority.LIVE


def tend(hub: Hub, flows: Sequence[BoundFlow], run: Run) -> None:
    """What waited and is due by now, without listing anything: retries, doubts, records whose parent has come."""
    this = _back_again(hub, run)
    passes = [Pass(hub=hub, run=this, bound=bound, side=side) for bound in flows for side in bound.sides.values()]
    deliver_until_quiet(hub, passes)
    run.paused.update(this.paused)
