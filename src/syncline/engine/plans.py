"""Plans: what a run would write, saved, and later delivered exactly or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b

import msgspec

from syncline.engine.approval import held_back
from syncline.engine.changes import OpenWrite, items_of, open_writes
from syncline.engine.hub import BoundFlow, Hub, Pass, Run
from syncline.engine.labels import flows_named, labels
from syncline.engine.run import deliver_until_quiet, run
from syncline.engine.runs import PLAN, PLAN_OF, PLAN_OPEN, close_run, name_of, open_run
from syncline.engine.statistics import agreement, finished, report_of, run_row
from syncline.errors import SetupError, StalePlanError
from syncline.model.report import Plan, RunReport
from syncline.model.state import Intent, IntentState

SHOWN = 100  #: items of a plan that are shown; all of them are part of it
NAMED = 5  #: items that a refusal names


class SavedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as it is kept: as it was shown, and the digest of every item."""

    plan: Plan
    digests: dict[str, bytes]  #: name of the item -> its digest
    head: int = 0  #: the audit log's last page by then: what has a later generation was never shown


def make_plan(hub: Hub, flows: Sequence[str] | None) -> Plan:
    """Read and merge, then save what would be written. Nothing is written to any system."""
    bound = flows_named(hub, flows)
    this = run(hub, bound, send=False)
    finished(hub, this, bound)
    _note_held(hub, this, bound)
    counts: Counter[str] = Counter()
    digests: dict[str, bytes] = {}
    first: list[OpenWrite] = []
    for one in _writes(hub, bound):
        if not one.waits:
            counts[one.op.name.lower()] += 1
        digests[one.name] = one.digest
        if len(first) < SHOWN:
            first.append(one)
    stands = agreement(hub, bound)
    plan = Plan(
        id=_new_id(hub, this, digests), made=hub.now(), run=this.number, flows=tuple(one.flow.name for one in bound),
        items=tuple(items_of(hub, first)), more=len(digests) - len(first), counts=dict(counts),
        waiting=len(digests) - counts.total(),
        conflicts=stands.conflicts, parked=stands.parked, questions=stands.questions,
        held=tuple(dict.fromkeys(this.held)), paused=dict(this.paused),
    )  # fmt: skip
    _save(hub, SavedPlan(plan=plan, digests=digests, head=hub.store.audit_head()[0]))
    return plan


def _writes(hub: Hub, flows: Sequence[BoundFlow]) -> Iterator[OpenWrite]:
    for bound in flows:
        for side in bound.sides.values():
            yield from open_writes(hub, bound, side)


def _note_held(hub: Hub, this: Run, flows: Sequence[BoundFlow]) -> None:
    """Say what would wait for approval, as a run that sends would say it."""
    for bound in flows:
        for side in bound.sides.values():
            intents = hub.store.intents(IntentState.PLANNED, side.stream)
            if intents:
                held_back(Pass(hub=hub, run=this, bound=bound, side=side), intents)


def _new_id(hub: Hub, this: Run, digests: Mapping[str, bytes]) -> str:
    body = b"".join(name.encode() + digest for name, digest in sorted(digests.items()))
    digits = blake2b(f"{hub.store_id} {this.number} ".encode() + body, digest_size=16).hexdigest()
    length = 4
    while hub.store.document(PLAN, digits[:length]) is not None:
        length += 1
    return digits[:length]


def _save(hub: Hub, saved: SavedPlan) -> None:
    with hub.store.transaction() as tx:
        tx.put_documents(PLAN, {saved.plan.id: msgspec.msgpack.encode(saved)})
        if saved.plan.applied:
            tx.drop_documents(PLAN_OPEN, [saved.plan.id])
            tx.put_documents("applied", {str(saved.plan.applied): str(saved.plan.run).encode()})
        elif saved.digests:
            tx.put_documents(PLAN_OPEN, {saved.plan.id: b""})
        tx.put_documents(PLAN_OF, {name_of(saved.plan.run): saved.plan.id.encode()})


def load_plan(hub: Hub, plan_id: str) -> Plan:
    """A saved plan, as it was shown."""
    return _load(hub, plan_id).plan


def _load(hub: Hub, plan_id: str) -> SavedPlan:
    body = hub.store.document(PLAN, plan_id)
    if body is None:
        msg = f"There is no plan {plan_id}."
        raise SetupError(msg, cure="Make one with: syncline plan")
    return msgspec.msgpack.decode(body, type=SavedPlan)


def apply_plan(hub: Hub, plan_id: str) -> RunReport:
    """Deliver exactly that plan, or refuse it because a side has moved."""
    saved = _load(hub, plan_id)
    if saved.plan.applied:
        msg = f"Plan {plan_id} was applied already, by run {saved.plan.applied}."
        raise SetupError(msg, cure="Make a new one with: syncline plan")
    flows = flows_named(hub, saved.plan.flows)
    look = run(hub, flows, send=False)
    finished(hub, look, flows)
    if look.paused:
        reasons = "; ".join(f"{where}: {why}" for where, why in look.paused.items())
        msg = f"Plan {plan_id} cannot be checked against systems that were left out: {reasons}"
        raise StalePlanError(
            msg,
            cure="Nothing was written. Apply it again once they answer.",
        )
    _refuse_moved(hub, saved, {one.name: one.digest for one in _writes(hub, flows)})
    this = open_run(hub, full=False, approved=True, send=True)
    passes = [Pass(hub=hub, run=this, bound=b, side=side) for b in flows for side in b.sides.values()]
    deliver_until_quiet(hub, passes, partial(_is_planned, saved))
    close_run(hub, this)
    _save(hub, msgspec.structs.replace(saved, plan=replace(saved.plan, applied=this.number)))
    return report_of(run_row(hub, this.number), agreement(hub, flows))


def _refuse_moved(hub: Hub, saved: SavedPlan, now: Mapping[str, bytes]) -> None:
    moved = [name for name in {**saved.digests, **now} if saved.digests.get(name) != now.get(name)]
    if not moved:
        return
    told = ", ".join(_told(hub, name) for name in moved[:NAMED])
    more = f" and {len(moved) - NAMED} more" if len(moved) > NAMED else ""
    msg = f"Plan {saved.plan.id} is refused: since it was made, {told}{more} moved."
    raise StalePlanError(
        msg,
        cure="Nothing was written. Look at what would be written now: syncline plan",
    )


def _told(hub: Hub, name: str) -> str:
    system, entity, eid = name.split(" ")
    return f"{labels(hub, hub.of_entity(entity), [int(eid)])[int(eid)].text} ({entity}, to {system})"


def _is_planned(saved: SavedPlan, at: Pass, intent: Intent) -> bool:
    """Is every write of this intent one of the plan, or the rest of a create that the plan made?

    The rest is what a create had to leave out, a reference to a record that came after it: with the values of when the
    plan was made. What needs no write any more is not asked about: delivery settles it without a request.
    """
    for one in open_writes(at.hub, at.bound, at.side, dict.fromkeys(intent.eids, intent.op)):
        known = saved.digests.get(one.name)
        made = known is not None and one.link is not None and one.link.born >= saved.plan.made
        if known != one.digest and not (made and all(one.gens[p] <= saved.head for p in one.change)):
            return False
    return True
