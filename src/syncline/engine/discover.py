"""Find what may have changed in one system: pages of records, merged as they come, and a sweep for what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from syncline.engine.absorb import absorb
from syncline.engine.creating import creates, lacking
from syncline.engine.deletes import sweep
from syncline.engine.doubts import awaits_listing, decide_listed
from syncline.engine.hub import Pass
from syncline.engine.keepable import KEYLESS
from syncline.engine.limits import Priority
from syncline.engine.mergers import merges_to_look_at
from syncline.engine.reading import Reading
from syncline.engine.retry import read_again
from syncline.engine.step import Step, begin, commit
from syncline.engine.unplaced import parked_reads, release
from syncline.errors import StoreFailedError, StoreLostError, SynclineError, TransientError
from syncline.model.flow import Direction
from syncline.model.page import Cursor, Op, Page

RECONCILED = "reconciled"  #: kind of the document that says when a stream was last read whole [µs]
RECONCILE_EVERY = 24 * 3_600_000_000  #: [µs]


def to_be_listed(at: Pass) -> bool:
    """Is this side listed by this run?

    One that is only written to gives no values: it is listed whole once in 24 hours, so that what people change there
    is found and put back, and when somebody said that something has changed there without saying what.
    """
    side = at.side
    return (
        side.side.direction is not Direction.TO
        or at.run.full
        or side.stream in at.hub.told
        or not at.hub.matched(side.stream)
        or _reconcile_is_due(at)
        or awaits_listing(at)
    )


def discover(at: Pass) -> None:
    """List this side's records since its cursor, or all of them, and merge each page.

    The cursor moves when the listing is complete: an interruption costs a second reading, never a record.
    """
    side, store = at.side, at.hub.store
    cursor, _epoch = store.cursor(side.stream)
    whole = (
        at.run.full
        or cursor is None
        or not side.contract.incremental
        or not at.hub.matched(side.stream)
        or _reconcile_is_due(at)
        or awaits_listing(at)
    )
    scanned = bytearray() if whole else None
    latest, started = cursor, at.hub.now()
    at.hub.env.point("list.before")
    source = side.connector.list(side.side.resource, None if whole else cursor)
    reading = Reading(exact=False, scanned=scanned, gather=True)
    try:
        for page in at.hub.executor.ahead(_patient(at, source, _priority(at, whole=whole))):
            absorb(at, page, reading)
            latest = _later(latest, page.cursor)
            _give_way(at, reading)
    except (StoreLostError, StoreFailedError):
        raise
    except SynclineError:  # what was read before the listing broke counts
        _merge_gathered(at, reading)
        raise
    _merge_gathered(at, reading)
    step = begin(at.hub, "scan", system=side.system, entity=at.bound.entity)
    if scanned is not None:
        _end_whole_read(at, scanned, started, step)
        _release_keyless(at, reading, step)
    latest = _not_ahead(at, latest)
    if latest is not None and latest != cursor:
        step.cursor = (side.stream, latest, None)
    commit(at.hub, at.run, step)


def _give_way(at: Pass, reading: Reading) -> None:
    """Between two pages, what cannot wait goes first. The next page may have been fetched before, and may be older."""
    hub = at.hub
    if hub.meanwhile is None or not hub.meanwhile.waits():
        return
    _merge_gathered(at, reading)
    reading.gather = True
    hub.overtaken = {}
    try:
        hub.give_way()
        reading.overtaken |= hub.overtaken.get(at.side.stream, set())
    finally:
        hub.overtaken = None


def _priority(at: Pass, *, whole: bool) -> Priority:
    """A first load gives way to everything else, a whole read to what is known to have changed."""
    if not at.hub.matched(at.side.stream):
        return Priority.BACKFILL
    return Priority.RECONCILE if whole else Priority.LIVE


def _end_whole_read(at: Pass, scanned: bytearray, started: int, step: Step) -> None:
    """Everything there was seen: look for what is missing; the first time, plan what is to be created there."""
    side, name = at.side, "/".join(at.side.stream)
    step.hints += sweep(at, scanned, step)  # where tombstones tell, too: no feed remembers for ever
    step.hints += merges_to_look_at(at)
    decide_listed(at, started, step)
    step.put_document(RECONCILED, name, str(started).encode())
    first = not at.hub.matched(side.stream)
    if first:
        step.put_document("matched", name, str(at.hub.now()).encode())
    if creates(side) and (first or side.conditions):
        _plan_creates(at, step)


def _release_keyless(at: Pass, reading: Reading, step: Step) -> None:
    """A parked record without a key that a whole read no longer shows can be read by now, or is gone."""
    kind = parked_reads(at.side)
    held = at.hub.store.documents(kind) if at.hub.may_have(kind) else {}
    release(at.hub, at.side, [key for key in held if key.startswith(KEYLESS) and key not in reading.keyless], step)


def _reconcile_is_due(at: Pass) -> bool:
    """Is it long since everything was read? What no cursor shows (deletes, missed changes) is found by that alone."""
    last = at.hub.store.document(RECONCILED, "/".join(at.side.stream))
    return last is None or at.hub.now() - int(last) > RECONCILE_EVERY


def _merge_gathered(at: Pass, reading: Reading) -> None:
    reading.gather = False
    absorb(at, Page(keys=[], raws=[]), reading)


def _patient(at: Pass, source: Iterator[Page], priority: Priority) -> Iterator[Page]:
    """The pages of `source`, each asked for through the gate; a page that fails is asked for again a few times.

    A source that ends right after an error has not ended but broken: the error is raised, never a short scan.
    """
    broken: list[TransientError] = []

    def attempt() -> Page | None:
        at.side.gate.enter(priority)
        try:
            page = next(source, None)
        except TransientError as error:
            at.side.gate.failed(error.what)
            broken.append(error)
            raise
        if page is None and broken:
            raise broken[-1]
        broken.clear()
        at.side.gate.passed()
        return page

    while (page := read_again(at.hub.env, attempt)) is not None:
        yield page


def _plan_creates(at: Pass, step: Step) -> None:
    """The match stage of this side is over: what it has not linked is to be created there.

    Later, whatever has met the condition since that was changed; not what is refused, in doubt or blocked.
    """
    for eids in at.hub.store.unlinked(at.side.stream, size=5_000):
        waiting = at.hub.store.unsettled_of(at.side.stream, eids) if at.side.conditions else {}
        due = [eid for eid in lacking(at.hub, at.bound, at.side, eids) if eid not in waiting]
        step.work.setdefault((at.side.stream, Op.CREATE), []).extend(due)


def _not_ahead(at: Pass, cursor: Cursor | None) -> Cursor | None:
    """A stamp from the future (a clock gone wrong) must not hide the changes between now and then."""
    if cursor is None or cursor.token:
        return cursor
    return Cursor(stamp=min(cursor.stamp, at.hub.now() + int(at.side.contract.skew * 1e6)))


def _later(held: Cursor | None, new: Cursor | None) -> Cursor | None:
    if new is None:
        return held
    return new if held is None or new.token or new.stamp > held.stamp else held
