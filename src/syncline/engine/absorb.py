"""From a page of records to canon: drop what is unchanged, map the rest, find each entity, merge, commit.

The same path serves a page of a first load, a re-read and a single record. A page first loses every record whose raw
bytes have the fingerprint of the record last merged; only the survivors are decoded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from syncline.engine import adopt, references
from syncline.engine.cleaning import note_unclean
from syncline.engine.codec import fingerprints
from syncline.engine.combine import combine
from syncline.engine.deletes import record_deleted
from syncline.engine.given_again import made_by_us
from syncline.engine.hints import followed, put_off
from syncline.engine.hub import BoundSide, Hub, Pass
from syncline.engine.keepable import KEYLESS, keepable
from syncline.engine.known import Known
from syncline.engine.mergers import to_merge
from syncline.engine.reading import Reading, Row
from syncline.engine.step import Step, begin, commit
from syncline.engine.unplaced import ParkedRead, park_read, parked_reads, release, remember
from syncline.errors import SynclineError
from syncline.mapping import Problem
from syncline.model.event import Event
from syncline.model.ledger import ReadOutcome
from syncline.model.page import Page
from syncline.model.quality import HIDDEN
from syncline.model.state import UNREADABLE, Hint, Link, LinkState, UnsettledState
from syncline.model.values import UNSET, encode_rows

UNKNOWN: tuple[int, None] = (0, None)
PART = 125  #: records that are mapped at once: few enough to stay in the processor's memory
GATHER = 1500  #: changed records that are worth a commit of their own: a crash costs reading them again, no more
READ_AGAIN = 30_000_000  #: a record that a list showed but that could not be read is read by key after this [µs]
CIRCLE = "circle "  #: begins the reason of a hint whose record and its parents wait for each other
DEFER_FOR = 3_600_000_000  #: a record whose parent stays unknown is looked at again after this long [µs]

Outcomes = Counter[ReadOutcome]


def absorb(at: Pass, page: Page, reading: Reading) -> Step:
    """Merge one page and commit it with its audit and the work that follows from it."""
    account = at.account
    before = account.reads.copy()
    page = keepable(page)
    try:
        account.read += len(page.keys) + len(page.broken) + len(page.tombstones)
        return _absorb(at, page, reading)
    except SynclineError:  # nothing of it was committed: as if it had not been read
        account.reads = before
        account.read = before.total() + len(reading.gathered)
        raise


def _absorb(at: Pass, page: Page, reading: Reading) -> Step:
    hub, bound, side, account = at.hub, at.bound, at.side, at.account
    step = begin(hub, "merge", system=side.system, entity=bound.entity)
    rows = _survivors(hub, side, page, reading, step)
    contested = frozenset() if reading.exact else _contested(page, reading, rows)
    if contested:
        rows = _look_again(at, page, reading, rows, contested, step)
    account.reads[ReadOutcome.UNCHANGED] += len(page.keys) - len(rows)
    counts = {"read": len(page.keys), "changed": len(rows)}
    if reading.gather or reading.gathered:
        rows = _gathered(at, page, reading, rows)
    if page.broken:
        _park_broken(at, page.broken, reading, step)
    if rows:
        outcomes = _merge_rows(at, rows, reading, step)
        account.reads.update(outcomes)
    if page.tombstones:
        _bury(at, page.tombstones, contested, step)
    if reading.scanned is not None:
        _mark(reading.scanned, [link.eid for link in step.new_links.get(side.stream, ())])
    _keep(at, page, reading, step)
    hub.tell(Event(kind="read", flow=bound.flow.name, system=side.system, counts=counts))
    return step


def _keep(at: Pass, page: Page, reading: Reading, step: Step) -> None:
    """Commit what the page has brought."""
    if at.bound.cleaners and (step.new_entities or step.entities):
        note_unclean(at, step)
    commit(at.hub, at.run, step, priority=1 if reading.exact else 2)
    if reading.exact:
        at.hub.overtake(at.side.stream, page.keys)
    adopt.remember_lacking(at, step)


def _bury(at: Pass, tombstones: Sequence[str], contested: frozenset[str], step: Step) -> None:
    """What the system says is gone, unless it shows it as well, or a merger is being looked into."""
    hub, side, reads = at.hub, at.side, at.account.reads
    release(hub, side, [key for key in tombstones if key not in contested], step)
    asked = to_merge(at) & set(tombstones)
    step.hints += [Hint(stream=side.stream, key=key, reason="missing", due=hub.now(), at=hub.now()) for key in asked]
    gone = frozenset(tombstones)
    for key in tombstones:
        again = key in contested or key in asked
        reads[ReadOutcome.DEFERRED if again else record_deleted(at, step, key, "the system says so", gone)] += 1


def _park_broken(at: Pass, broken: Sequence[tuple[str, str]], reading: Reading, step: Step) -> None:
    """Park what cannot be read. It is there, so it is not missing; the cursor moves past it, so it is tried again."""
    hub, side, now = at.hub, at.side, at.hub.now()
    broken = [(reading.name(key), reason) for key, reason in broken]
    for key, reason in broken:
        park_read(hub, step, side, key, ParkedRead(field="", reason=reason, since=now))
        at.account.reads[ReadOutcome.PARKED] += 1
    named = [key for key, _ in broken if not key.startswith(KEYLESS)]
    if reading.exact or not named:
        return
    step.hints += [Hint(stream=side.stream, key=key, reason=UNREADABLE, due=now + READ_AGAIN, at=now) for key in named]
    if reading.scanned is not None:
        _mark(reading.scanned, [link.eid for link in hub.store.links(side.stream, named).values()])


def _contested(page: Page, reading: Reading, rows: Sequence[Row]) -> frozenset[str]:
    """Keys of which the listing shows two things: two records that differ, or a record and its tombstone.

    And those of which it may show what is older than what is known by now.
    """
    reading.buried.update(page.tombstones)
    if len(set(page.keys)) == len(page.keys) and not reading.buried and not reading.overtaken:
        return frozenset()
    shown: dict[str, bytes] = {}
    twice = {key for key, raw in zip(page.keys, page.raws, strict=True) if shown.setdefault(key, raw) != raw}
    buried = {key for key in page.tombstones if key in shown or key in reading.gathered}
    older = reading.overtaken.intersection([*page.tombstones, *(row.key for row in rows)])
    return frozenset(twice | buried | older | {row.key for row in rows if not row.eid and row.key in reading.buried})


def _look_again(
    at: Pass, page: Page, reading: Reading, rows: Sequence[Row], contested: frozenset[str], step: Step
) -> list[Row]:
    """The rows that are not contested; of the others the record itself, read by key, says what is true."""
    now, settle = at.hub.now(), int(at.side.contract.settle * 1e6)
    step.hints += [
        Hint(stream=at.side.stream, key=key, reason="changed", due=now + settle, at=now) for key in sorted(contested)
    ]
    found = [reading.gathered.pop(key, None) for key in sorted(contested)]
    held = [row for row in found if row is not None]
    _keep_in_mind(at, [row for row in (*held, *rows) if not row.eid and row.key in contested], step)
    listed = contested.intersection(page.keys)
    at.account.reads[ReadOutcome.DEFERRED] += len(held) + len(listed)
    at.account.reads[ReadOutcome.UNCHANGED] -= len(listed)
    return [row for row in rows if row.key not in contested]


def _keep_in_mind(at: Pass, rows: Sequence[Row], step: Step) -> None:
    mapped = at.side.lens.get([row.raw for row in rows]) if rows else None
    for row, values in zip(rows, zip(*mapped.columns, strict=True) if mapped else (), strict=True):
        remember(at, step, row.key, dict(zip(at.side.positions, values, strict=True)), at.bound.references.keys())


def _gathered(at: Pass, page: Page, reading: Reading, rows: Sequence[Row]) -> list[Row]:
    """The rows to merge now: none while there are few, so that a scan with few changes makes few commits."""
    held = reading.gathered
    reading.since = reading.since if held else at.hub.now()
    twice = len([row for row in rows if row.key in held]) if held else 0
    at.account.reads[ReadOutcome.UNCHANGED] += twice  # listed twice: looked at once, as shown last
    held.update([(row.key, row) for row in rows])
    if reading.gather and len(held) < GATHER and not page.broken and not page.tombstones:
        return []
    ready = list(held.values())
    held.clear()
    return ready


def _survivors(hub: Hub, side: BoundSide, page: Page, reading: Reading, step: Step) -> list[Row]:
    """The records of a page that must be looked at. One that was listed twice is looked at once, as shown last."""
    known = hub.store.fingerprints(side.stream, page.keys)
    prints = fingerprints(page.raws, hub.seed)
    if reading.scanned is not None:
        _mark(reading.scanned, [eid for eid, _ in known.values()])
    same = [known.get(key, UNKNOWN)[1] == digest for key, digest in zip(page.keys, prints, strict=True)]
    changed = [n for n, unchanged in enumerate(same) if not unchanged or reading.pending]
    if reading.pending:
        changed = [n for n in changed if not same[n] or known[page.keys[n]][0] in reading.pending]
    rows = {row.key: row for row in _rows(page, prints, changed, known)}
    if hub.may_have(parked_reads(side)):  # one that could not be read may be what it was before
        release(hub, side, [key for key in page.keys if key not in rows], step)
    if reading.exact:
        _freshen(side, page, [n for n, key in enumerate(page.keys) if same[n] and key not in rows], known, step)
        followed(side, reading.hinted, [key for n, key in enumerate(page.keys) if same[n] and key not in rows], step)
    return list(rows.values())


def _rows(
    page: Page, prints: Sequence[bytes], chosen: Sequence[int], known: Mapping[str, tuple[int, bytes | None]]
) -> list[Row]:
    """The chosen records of a page, mostly none or all of them."""
    size = len(page.keys)
    columns = [page.keys, page.raws, prints, page.versions or [None] * size, page.stamps or [0] * size]
    if len(chosen) < size:
        columns = [[column[n] for n in chosen] for column in columns]
    return [
        Row(key, raw, digest, version, stamp, known.get(key, UNKNOWN)[0])
        for key, raw, digest, version, stamp in zip(*columns, strict=True)
    ]


def _freshen(
    side: BoundSide, page: Page, same: Sequence[int], known: Mapping[str, tuple[int, bytes | None]], step: Step
) -> None:
    """Records read by key that have not changed: their versions may be newer."""
    for n in same:
        key = page.keys[n]
        eid, digest = known[key]
        version, stamp = page.versions[n] if page.versions else None, page.stamps[n] if page.stamps else 0
        step.touched.setdefault(side.stream, []).append((eid, digest, version, stamp))


def _mark(scanned: bytearray, eids: Sequence[int]) -> None:
    """One byte per eid that was seen; a run of new ones, as a first load makes, at once."""
    if not eids:
        return
    first, last = min(eids), max(eids)
    if last >= len(scanned):
        scanned.extend(bytes(last + 1024 - len(scanned)))
    if last - first == len(eids) - 1 and len(set(eids)) == len(eids):
        scanned[first : last + 1] = b"\1" * len(eids)
        return
    for eid in eids:
        scanned[eid] = 1


def _merge_rows(at: Pass, rows: list[Row], reading: Reading, step: Step) -> Outcomes:
    side, outcomes = at.side, Outcomes()
    links = at.hub.store.links_of(side.stream, [row.eid for row in rows if row.eid])
    rows = _later(at, rows, links, reading, step, outcomes)
    rows = _decoded(at, rows, reading, step, outcomes)
    ours = made_by_us(at, rows, links, step) if rows else {}
    for row in rows if ours else ():
        row.eid = 0 if row.key in ours else row.eid
    old = [row for row in rows if row.eid]
    fresh = [row for row in rows if not row.eid] if old else rows
    followed(side, reading.hinted, [row.key for row in rows], step)
    known = adopt.adopt(at, fresh, {**reading.owner_of, **ours}, step, outcomes, exact=reading.exact) if fresh else []
    if old:
        known += _known(old, links, reading)
    if known:
        combine(at, known, step, outcomes)
    if side.contract.settle and not reading.exact:
        made = [link.eid for link in step.new_links.get(side.stream, ())]
        _remember_listed(at, [*made, *(one.eid for one in known)])
    return outcomes


def _remember_listed(at: Pass, eids: Sequence[int]) -> None:
    """A list has shown changes of these; until the settle time has passed, a get may show what was before them."""
    now, settle = at.hub.now(), int(at.side.contract.settle * 1e6)
    listed = at.hub.listed.setdefault(at.side.stream, {})
    for eid in [eid for eid, since in listed.items() if since < now - settle]:
        del listed[eid]
    listed.update((eid, now) for eid in eids)


def _known(rows: Sequence[Row], links: Mapping[int, Link], reading: Reading) -> list[Known]:
    return [
        Known(
            key=row.key, eid=row.eid, values=row.values, print=row.print, version=row.version, stamp=row.stamp,
            link=links.get(row.eid), pending=reading.pending.get(row.eid, {}), how="by key",
            exact=reading.exact, stale=row.stale,
        )
        for row in rows
    ]  # fmt: skip


def _later(
    at: Pass, rows: list[Row], links: Mapping[int, Link], reading: Reading, step: Step, outcomes: Outcomes
) -> list[Row]:
    """Leave out rows that may be stale or whose write is in doubt: they become hints, to be read by key when due."""
    if reading.exact:
        return rows
    if not links:
        return rows
    hub, side = at.hub, at.side
    unsettled = hub.store.unsettled_of(side.stream, list(links))
    now, keep, recent = hub.now(), [], hub.wrote.get(side.stream, {})
    listed = reading.since or now
    window = int((side.contract.lag + side.contract.settle + side.contract.effect) * 1e6)
    careful = listed - hub.opened_at < window and _wrote_before(hub, side, listed - window)
    for row in rows:
        link, open_write = links.get(row.eid), unsettled.get(row.eid)
        doubt = open_write is not None and open_write.state is UnsettledState.DOUBT
        written = listed - recent.get(row.eid, 0) <= window or careful
        stale = bool(link) and side.contract.lag > 0 and (not row.stamp or row.stamp <= (link.stamp if link else 0))
        if not row.eid or link is None or link.state is not LinkState.OK or not (doubt or written or stale):
            keep.append(row)
            continue
        due = max(now + int(side.contract.settle * 1e6), open_write.due if doubt and open_write else 0)
        step.hints.append(Hint(stream=side.stream, key=row.key, reason="changed", due=due, at=now))
        outcomes[ReadOutcome.DEFERRED] += 1
    return keep


def _wrote_before(hub: Hub, side: BoundSide, since: int) -> bool:
    """Has an earlier process written to this stream since `since` [µs]? Then its writes are not in memory."""
    last = hub.store.document("last-write", "/".join(side.stream))
    return last is not None and since < int(last) < hub.opened_at


def _decoded(at: Pass, rows: list[Row], reading: Reading, step: Step, outcomes: Outcomes) -> list[Row]:
    """Map the rows; those that cannot be mapped are parked, those whose parent is unknown deferred."""
    hub, bound, side = at.hub, at.bound, at.side
    if not rows:
        return rows
    problems = [problem for start in range(0, len(rows), PART) for problem in _map(at, rows, start)]
    out: set[int] = set()
    for problem in problems:
        row = rows[problem.row]
        if problem.row not in out:
            value = HIDDEN if problem.field.partition(".")[0] in bound.flow.quality.secret else problem.value
            reason = f"{problem.reason} ({problem.field} = {value})"
            held = ParkedRead(field=problem.field, reason=reason, since=hub.now(), fingerprint=row.print)
            park_read(hub, step, side, row.key, held)
            outcomes[ReadOutcome.PARKED] += 1
            followed(side, reading.hinted, [row.key], step)
        out.add(problem.row)
    waiting: dict[int, references.Waiting] = {}
    if bound.references or bound.line_references:
        waiting, stale = references.to_eids(hub, bound, side, [row.values for row in rows])
        for number, positions in stale.items():
            rows[number].stale = positions
        deferred = _deferred(at, rows, out, waiting, reading, step)
        outcomes[ReadOutcome.DEFERRED] += len(deferred)
        out |= deferred
    if bound.flow.quality.rules:
        refused = _refused(at, rows, out, reading, step)
        outcomes[ReadOutcome.PARKED] += len(refused)
        out |= refused
    for number in sorted(number for number in out if not rows[number].eid):
        obscure = waiting[number].positions if number in waiting else frozenset()
        remember(at, step, rows[number].key, rows[number].values, obscure)
    ready = [row for number, row in enumerate(rows) if number not in out] if out else rows
    release(hub, side, [row.key for row in ready], step)
    return ready


def _refused(at: Pass, rows: Sequence[Row], out: set[int], reading: Reading, step: Step) -> set[int]:
    """Rows that break a rule of quality, by which they are parked."""
    from syncline.engine.judging import judge  # noqa: PLC0415  a pass without rules loads none of it

    refused = judge(at, rows, out, step)
    followed(at.side, reading.hinted, [rows[number].key for number in refused], step)
    return refused


def _map(at: Pass, rows: Sequence[Row], start: int) -> list[Problem]:
    """Map a part of the rows; its problems, numbered as the rows are."""
    side, part = at.side, rows[start : start + PART]
    mapped = side.lens.get([row.raw for row in part])
    each = zip(*mapped.columns, strict=True)
    for row in part:
        row.positions = side.positions
    if at.bound.references or at.bound.line_references or at.bound.flow.match:
        for row, values in zip(part, each, strict=True):
            row.carried = values
    else:  # nobody looks into a new record: it goes into canon as it is
        for row, encoded in zip(part, encode_rows(each), strict=True):
            row.encoded = encoded
    return [msgspec.structs.replace(one, row=start + one.row) for one in mapped.problems]


def _deferred(
    at: Pass, rows: Sequence[Row], out: AbstractSet[int], waiting: Mapping[int, references.Waiting], reading: Reading,
    step: Step,
) -> set[int]:  # fmt: skip
    """Rows whose parent is not known yet; they are looked at again when it is. Of a circle they are taken without."""
    now = at.hub.now()
    deferred: set[int] = set()
    for number, (parent, positions) in waiting.items():
        row = rows[number]
        if number in out:
            continue
        circling = row.key in reading.circling
        hint = Hint(
            stream=at.side.stream, key=row.key, reason=f"deferred {parent}", due=now + DEFER_FOR, at=now,
            tries=int(circling),
        )  # fmt: skip
        step.moved_hints.append(put_off(at.side, reading.hinted, hint))
        if circling and not row.eid and positions <= at.bound.nullable:
            row.values.update(dict.fromkeys(positions, UNSET))
            row.print = b""  # not all of it is merged: it is looked at anew
        else:
            deferred.add(number)
    return deferred
