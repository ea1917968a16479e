"""Where the hub stands, in numbers: the report of a run, the agreement of the systems, the state of every stream."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import UTC, datetime

import msgspec

from syncline.engine.codec import canon_of, decode_delta
from syncline.engine.creating import creates, lacking
from syncline.engine.hub import BoundFlow, BoundSide, Hub, Pass, Run
from syncline.engine.identify import AskedRecord, asks
from syncline.engine.plan import wanted
from syncline.engine.runs import RunRow
from syncline.engine.unplaced import parked_reads
from syncline.errors import SetupError
from syncline.model.flow import Direction
from syncline.model.ledger import Ledger
from syncline.model.page import Cursor
from syncline.model.report import Agreement, RunAccount, RunReport, Status, StreamStatus
from syncline.model.state import ConflictState, EntityState, IntentState, Stream, UnsettledState

ALL = 2**31 - 1  #: as a limit: every row
RECENT = 10  #: runs that a status shows
LOOK_BACK = 100  #: runs among which interrupted ones are looked for


# --- runs -------------------------------------------------------------------------------------------------------------


def last_run(hub: Hub) -> int:
    """The number of the newest run; 0 when there was none."""
    return int(hub.store.document("last-run", "number") or 0)


def run_rows(hub: Hub, numbers: Sequence[int]) -> list[RunRow]:
    """Runs as they are kept, ascending; those that there are."""
    rows = hub.store.documents("run", [f"{number:012d}" for number in numbers])
    return sorted((msgspec.json.decode(body, type=RunRow) for body in rows.values()), key=lambda row: row.number)


def run_row(hub: Hub, number: int) -> RunRow:
    """One run. SetupError when there is none of that number."""
    rows = run_rows(hub, [number])
    if not rows:
        msg = f"There is no run {number}."
        raise SetupError(msg, cure="`syncline status` shows the last runs.")
    return rows[0]


def report_of(row: RunRow, agreement: Agreement | None = None) -> RunReport:
    """A run as it is told."""
    return RunReport(
        run=row.number, started=row.started, finished=row.finished, held=tuple(dict.fromkeys(row.held)),
        paused=dict(row.paused), problems=tuple(row.problems), agreement=agreement,
        accounts=tuple(
            RunAccount(
                flow=one.flow, system=one.system, read=one.read, reads=one.reads, intended=one.intended,
                sent=one.sent, window=one.window,
            )
            for one in row.accounts
        ),
    )  # fmt: skip


def finished(hub: Hub, run: Run, flows: Sequence[BoundFlow]) -> RunReport:
    """Note how far each system has now been verified, and tell the run with the agreement that it leaves."""
    row = run_row(hub, run.number)
    seen = {
        "/".join(side.stream): str(row.started).encode()
        for bound in flows
        for side in bound.sides.values()
        if side.side.direction is not Direction.TO
        and not {side.system, f"{bound.flow.name} {side.system}"} & row.paused.keys()
    }
    if seen and row.finished:
        with hub.store.transaction() as tx:
            tx.put_documents("verified", seen)
    for bound in flows:
        if bound.flow.quality.rules:
            from syncline.engine.validation import keep_score  # noqa: PLC0415  a pass without rules loads none of it

            keep_score(hub, bound)
    return report_of(row, agreement(hub, flows))


def verified_through(hub: Hub, sides: Sequence[BoundSide]) -> int:
    """The latest instant [µs] up to which every one of these systems has been read; 0 when one never was.

    It is the beginning of the last complete run that read it: what was changed there later may not have been seen.
    """
    names = ["/".join(side.stream) for side in sides if side.side.direction is not Direction.TO]
    known = hub.store.documents("verified", names) if names else {}
    return min((int(known.get(name, b"0")) for name in names), default=0)


# --- agreement --------------------------------------------------------------------------------------------------------


def agreement(hub: Hub, flows: Sequence[BoundFlow]) -> Agreement:
    """How far the systems of these flows agree."""
    records = agreed = conflicts = parked = waiting = questions = 0
    sides = [side for bound in flows for side in bound.sides.values()]
    for bound in flows:
        live = max((hub.store.counts(side.stream)[0] for side in bound.sides.values()), default=0)
        clashing = hub.store.conflicts(entity=bound.entity, state=ConflictState.OPEN, limit=ALL)
        refused, pending, missing = _parked(hub, bound), _waiting(hub, bound), _lacking(hub, bound)
        unread = {side.stream: list(hub.store.documents(parked_reads(side))) for side in bound.sides.values()}
        hidden = {link.eid for stream, keys in unread.items() for link in hub.store.links(stream, keys).values()}
        standing = {one.eid for one in clashing} | refused | pending | missing | hidden
        unsent = _unsent(hub, bound, standing)
        standing |= unsent
        records += live
        agreed += max(0, live - len(standing))
        conflicts += len(clashing)
        parked += len(refused) + sum(map(len, unread.values()))
        waiting += len(pending | unsent)
        questions += sum(open_questions(hub, side) for side in bound.sides.values())
    return Agreement(
        records=records, agreed=agreed, conflicts=conflicts, parked=parked, waiting=waiting, questions=questions,
        verified_through=verified_through(hub, sides),
    )  # fmt: skip


def _parked(hub: Hub, bound: BoundFlow) -> set[int]:
    return {
        row.eid
        for side in bound.sides.values()
        for row in hub.store.unsettled(stream=side.stream, state=UnsettledState.PARKED, limit=ALL)
    }


def planned(hub: Hub, stream: Stream) -> set[int]:
    """Entities with a write to this stream that is planned or on its way."""
    states = (IntentState.PLANNED, IntentState.SENT)
    return {eid for state in states for intent in hub.store.intents(state, stream) for eid in intent.eids}


def _waiting(hub: Hub, bound: BoundFlow) -> set[int]:
    """Entities with a write that is planned, to be retried, blocked or in doubt."""
    found: set[int] = set()
    for side in bound.sides.values():
        found |= planned(hub, side.stream)
        rows = hub.store.unsettled(stream=side.stream, limit=ALL)
        found |= {row.eid for row in rows if row.state is not UnsettledState.PARKED}
    return found


def _unsent(hub: Hub, bound: BoundFlow, known: Set[int]) -> set[int]:
    """Entities that some system must still be told of though no write says so; those `known` are looked for no more."""
    found: set[int] = set()
    for side in bound.sides.values():
        if side.side.direction is Direction.FROM:
            continue
        for page in hub.store.links_with_delta(side.stream):
            links = [link for link in page if link.eid not in known]
            entities = hub.store.entities(bound.entity, [link.eid for link in links])
            for link in links:
                entity = entities[link.eid]
                canon, delta = canon_of(entity, bound.width), decode_delta(link.delta)
                if entity.state is EntityState.LIVE and wanted(bound.units, canon, delta, writable=side.writable):
                    found.add(link.eid)
    return found


def _lacking(hub: Hub, bound: BoundFlow) -> set[int]:
    return {
        eid
        for side in bound.sides.values()
        if creates(side)
        for page in hub.store.unlinked(side.stream)
        for eid in lacking(hub, bound, side, page)
    }


def open_questions(hub: Hub, side: BoundSide) -> int:
    """Records of this side that wait for a person."""
    bodies = hub.store.documents(asks(side)).values()
    return sum(1 for body in bodies if not msgspec.json.decode(body, type=AskedRecord).settled)


# --- status -----------------------------------------------------------------------------------------------------------


def status(hub: Hub) -> Status:
    """Where the hub stands. Reads only."""
    newest = last_run(hub)
    rows = run_rows(hub, range(max(1, newest - LOOK_BACK + 1), newest + 1))
    recent = [report_of(row) for row in reversed(rows[-RECENT:])]
    last = next(
        (row for row in recent if row.accounts or row.held or row.paused), None
    )  # what a rule did reads nothing
    return Status(
        at=hub.now(), store_id=hub.store_id, runs=tuple(recent),
        streams=tuple(_stream(hub, bound, side) for bound in hub.flows.values() for side in bound.sides.values()),
        interrupted=tuple(row.number for row in rows if not row.finished),
        held=last.held if last else (), paused=last.paused if last else {},
        waiting_plans=tuple(sorted(hub.store.documents("plan-open"))),
    )  # fmt: skip


def _stream(hub: Hub, bound: BoundFlow, side: BoundSide) -> StreamStatus:
    stream = side.stream
    live, linked = hub.store.counts(stream)
    cursor, _epoch = hub.store.cursor(stream)
    counts = {state: count for (where, state), count in hub.store.unsettled_counts().items() if where == stream}
    clashing = hub.store.conflicts(entity=bound.entity, state=ConflictState.OPEN, limit=ALL)
    unread = len(hub.store.documents(parked_reads(side)))
    return StreamStatus(
        flow=bound.flow.name, entity=bound.entity, system=side.system, entities=live, links=linked,
        matched=hub.matched(side.stream), cursor=_told(cursor),
        verified_through=verified_through(hub, [side]),
        planned=len(planned(hub, stream)), retrying=counts.get(UnsettledState.RETRY, 0),
        blocked=counts.get(UnsettledState.BLOCKED, 0), in_doubt=counts.get(UnsettledState.DOUBT, 0),
        parked=counts.get(UnsettledState.PARKED, 0) + unread,
        conflicts=sum(1 for one in clashing if one.system == side.system), questions=open_questions(hub, side),
        hints=len(hub.store.hints(stream, due=2**62, limit=1000)),
    )  # fmt: skip


def looking(hub: Hub, bound: BoundFlow, side: BoundSide) -> Pass:
    """A side as the engine's steps see it, outside any run: to ask, not to act."""
    return Pass(hub=hub, run=Run(number=0, ledger=Ledger(run=0)), bound=bound, side=side)


def _told(cursor: Cursor | None) -> str:
    if cursor is None:
        return ""
    return cursor.token or datetime.fromtimestamp(cursor.stamp / 1e6, UTC).isoformat(timespec="microseconds")
