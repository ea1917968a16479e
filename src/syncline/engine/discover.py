"""Find what may have changed in one system: pages of records, merged as they come, and a sweep for what is missing."""

from __future__ import annotations

from syncline.engine.absorb import Reading, absorb
from syncline.engine.deletes import sweep
from syncline.engine.hub import Pass
from syncline.engine.limits import Priority
from syncline.engine.step import begin, commit
from syncline.errors import TransientError
from syncline.model.contract import Deletes
from syncline.model.page import Cursor


def discover(at: Pass) -> None:
    """List this side's records since its cursor, or all of them, and merge each page.

    The cursor moves when the listing is complete: an interruption costs a second reading, never a record.
    """
    side, store = at.side, at.hub.store
    cursor, _epoch = store.cursor(side.stream)
    whole = at.run.full or cursor is None or not side.contract.incremental or not matched(at)
    scanned = bytearray() if whole else None
    latest = cursor
    side.gate.enter(Priority.LIVE if not whole else Priority.RECONCILE)
    at.hub.env.point("list.before")
    try:
        pages = at.hub.executor.ahead(side.connector.list(side.side.resource, None if whole else cursor))
        for page in pages:
            absorb(at, page, Reading(exact=False, scanned=scanned))
            latest = _later(latest, page.cursor)
            side.gate.enter(Priority.LIVE if not whole else Priority.RECONCILE)
    except TransientError as error:
        side.gate.failed(error.what)
        raise
    side.gate.passed()
    step = begin(at.hub, "scan", system=side.system, entity=at.bound.entity)
    if scanned is not None:
        if side.contract.deletes is Deletes.SWEEP:
            step.hints += sweep(at, scanned)
        if not matched(at):
            step.put_document("matched", "/".join(side.stream), str(at.hub.now()).encode())
    if latest is not None and latest != cursor:
        step.cursor = (side.stream, latest, None)
    commit(at.hub, at.run, step)


def matched(at: Pass) -> bool:
    """Has every record of this side been seen once, so that what exists there is linked and never doubled?"""
    return at.hub.store.document("matched", "/".join(at.side.stream)) is not None


def _later(held: Cursor | None, new: Cursor | None) -> Cursor | None:
    if new is None:
        return held
    return new if held is None or new.token or new.stamp > held.stamp else held
