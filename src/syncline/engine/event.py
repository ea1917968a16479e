"""One record that is said to have changed: read it, merge it, deliver what follows, at once."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.engine.cleaning import clean
from syncline.engine.hub import BoundFlow, Hub, Pass, Run
from syncline.engine.refresh import refresh
from syncline.engine.run import attempt, deliver_planned
from syncline.model.ledger import Ledger
from syncline.model.state import Hint, Stream


def hint(hub: Hub, bound: BoundFlow, system: str, keys: Sequence[str], *, reason: str = "webhook") -> None:
    """Keep that these records may have changed. Durable when it returns: whoever told us may forget it."""
    now = hub.now()
    stream = Stream(system, bound.entity)
    with hub.store.transaction() as tx:
        tx.put_hints([Hint(stream=stream, key=key, reason=reason, due=now, at=now) for key in keys])


def follow(hub: Hub, bound: BoundFlow, system: str, *, run: int = 0) -> Ledger:
    """Act on what is due in one system now, and deliver it to the others. Its ledger balances like any run's."""
    this = Run(number=run, ledger=Ledger(run=run))
    passes = {side.system: Pass(hub=hub, run=this, bound=bound, side=side) for side in bound.sides.values()}
    with hub.together():  # the hint is durable, so that nothing else need be before the first write
        if attempt(passes[system], refresh):
            clean(hub, [bound])
            for at in passes.values():
                deliver_planned(at)
    return this.ledger
