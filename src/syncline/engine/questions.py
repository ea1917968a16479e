"""The match stage for people: what was linked and how, what is asked, and what a person answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from syncline.engine.audit import EntryKind, entries_of
from syncline.engine.codec import canon_of
from syncline.engine.creating import creates
from syncline.engine.hub import BoundFlow, BoundSide, Hub, Run
from syncline.engine.identify import AskedRecord, asks
from syncline.engine.labels import flows_named, labels, values_shown
from syncline.engine.run import run
from syncline.engine.statistics import finished, open_questions
from syncline.errors import SetupError
from syncline.model.report import Candidate, MatchReport, MatchSide, Question
from syncline.model.state import EntityState, Hint, Link, LinkState

_NOT_MATCHED = ("by key", "our own create", "re-keyed", "an orphan")  #: links that no rule of the match stage made
_TALLY = "match-tally"


class Tally(msgspec.Struct, kw_only=True):
    """How links were made, counted up to one page of the audit log."""

    through: int = 0
    rules: dict[str, int] = {}


def match(hub: Hub, flows: Sequence[str] | None) -> list[MatchReport]:
    """Read every side, completely where that was never done, and count what the match stage found."""
    bound = flows_named(hub, flows)
    this = run(hub, bound, send=False)
    finished(hub, this, bound)
    _count(hub)
    return [
        MatchReport(
            flow=one.flow.name, entity=one.entity, run=this.number, paused=dict(this.paused),
            sides=tuple(_side(hub, this, one, side) for side in one.sides.values()),
        )
        for one in bound
    ]  # fmt: skip


def _side(hub: Hub, this: Run, bound: BoundFlow, side: BoundSide) -> MatchSide:
    records = linked = 0
    others = [other for other in bound.sides.values() if other.system != side.system]
    for page in hub.store.each_link(side.stream):
        eids = [link.eid for link in page if link.state is LinkState.OK]
        records += len(eids)
        shared: set[int] = set()
        for other in others:
            found = hub.store.links_of(other.stream, eids)
            shared |= {eid for eid, link in found.items() if link.state is LinkState.OK}
        linked += len(shared)
    asked = open_questions(hub, side)
    tally = _tally(hub, side)
    return MatchSide(
        system=side.system, records=records + asked, linked=linked, rules=tally.rules, asked=asked,
        only_here=records - linked,
        created_in=tuple(other.system for other in others if creates(other) and not other.conditions),
        created_when=tuple(other.system for other in others if creates(other) and other.conditions),
        read=hub.matched(side.stream),
    )  # fmt: skip


def _tally(hub: Hub, side: BoundSide) -> Tally:
    body = hub.store.document(_TALLY, "/".join(side.stream))
    return msgspec.json.decode(body, type=Tally) if body else Tally()


def _count(hub: Hub) -> None:
    """Bring the tallies of all streams up to the head of the audit log, reading only what is new."""
    sides = {f"{s.system} {s.stream.entity}": s for bound in hub.flows.values() for s in bound.sides.values()}
    likeness = {bound.entity: _likeness(bound) for bound in hub.flows.values()}
    tallies = {name: _tally(hub, side) for name, side in sides.items()}
    head, _hash = hub.store.audit_head()
    for page in hub.store.audit_log(after=min((tally.through for tally in tallies.values()), default=head)):
        name = f"{page.system} {page.kind.partition(' ')[2]}"
        if name in tallies and page.seq > tallies[name].through and page.kind.startswith("merge"):
            rules = Counter(tallies[name].rules)
            made = [str(one.row()[1]) for one in entries_of(page) if one.kind == EntryKind.LINKED]
            told = likeness[sides[name].stream.entity]
            rules.update(told if how[:1].isdigit() else how for how in made if not how.startswith(_NOT_MATCHED))
            tallies[name].rules = dict(rules)
    for tally in tallies.values():
        tally.through = head
    with hub.store.transaction() as tx:
        tx.put_documents(_TALLY, {"/".join(s.stream): msgspec.json.encode(tallies[name]) for name, s in sides.items()})


def _likeness(bound: BoundFlow) -> str:
    """How links by a score are told; what each of them was linked by stands in its history."""
    return " or ".join(f"by likeness of {', '.join(r.fields)}" for r in bound.flow.match if r.at_least is not None)


# --- questions --------------------------------------------------------------------------------------------------------


def questions(hub: Hub, flow: str | None) -> list[Question]:
    """Records that wait for a person, and those answered but not yet acted on."""
    rows: list[Question] = []
    for bound in flows_named(hub, [flow] if flow else None):
        for side in bound.sides.values():
            for key, body in hub.store.documents(asks(side)).items():
                rows.append(_question(hub, bound, side, key, msgspec.json.decode(body, type=AskedRecord)))
    return rows


def _question(hub: Hub, bound: BoundFlow, side: BoundSide, key: str, asked: AskedRecord) -> Question:
    eids = [hub.store.merged_into(bound.entity, eid) for eid in asked.candidates]
    entities = hub.store.entities(bound.entity, eids)
    called = labels(hub, bound, eids)
    return Question(
        flow=bound.flow.name, system=side.system, key=key, label=asked.label, reason=asked.reason,
        settled=asked.settled,
        candidates=tuple(
            Candidate(
                eid=eid, label=called[eid].text, keys=called[eid].keys,
                fields=values_shown(hub, bound, canon_of(entities[eid], bound.width)),
            )
            for eid in dict.fromkeys(eids)
            if eid in entities
        ),
    )  # fmt: skip


def answer(hub: Hub, flow: str, system: str, key: str, choice: str) -> Question:
    """Write the answer down, and have the record read again by the next run, which acts on it."""
    bound = flows_named(hub, [flow])[0]
    if system not in bound.sides:
        msg = f"Flow {flow} has no system `{system}`."
        raise SetupError(msg, cure=f"Systems are: {', '.join(bound.sides)}.")
    side = bound.sides[system]
    body = hub.store.document(asks(side), key)
    if body is None:
        msg = f"Nothing is asked about {system} {key}."
        raise SetupError(msg, cure="`syncline match --review` lists what is.")
    settled = "new" if choice == "new" else str(_free(hub, bound, side, choice))
    asked = msgspec.structs.replace(msgspec.json.decode(body, type=AskedRecord), settled=settled)
    now = hub.now()
    with hub.store.transaction() as tx:
        tx.put_documents(asks(side), {key: msgspec.json.encode(asked)})
        tx.put_hints([Hint(stream=side.stream, key=key, reason="changed", due=now, at=now)])
    hub.index.asked.pop(side.stream, None)
    return _question(hub, bound, side, key, asked)


def _free(hub: Hub, bound: BoundFlow, side: BoundSide, choice: str) -> int:
    """The entity that was chosen: alive, and without a record in this system."""
    digits = choice.removeprefix("#")
    if not digits.isdigit():
        msg = f"`{choice}` is no answer."
        raise SetupError(msg, cure="Answer `new`, or the number of an entity such as #12.")
    eid = hub.store.merged_into(bound.entity, int(digits))
    entity = hub.store.entities(bound.entity, [eid]).get(eid)
    if entity is None or entity.state is not EntityState.LIVE:
        msg = f"There is no {bound.entity} #{digits}."
        raise SetupError(msg, cure="Choose one of the candidates, or `new`.")
    link: Link | None = hub.store.links_of(side.stream, [eid]).get(eid)
    if link is not None:
        msg = f"{bound.entity} #{digits} is linked to {side.system} {link.key} already."
        raise SetupError(msg, cure="Choose another one, or `new`.")
    taken = _answered(hub, side, str(eid))
    if taken:
        msg = f"{bound.entity} #{digits} was the answer for {side.system} {taken}."
        raise SetupError(msg, cure="Choose another one.")
    return eid


def _answered(hub: Hub, side: BoundSide, settled: str) -> str:
    for key, body in hub.store.documents(asks(side)).items():
        if msgspec.json.decode(body, type=AskedRecord).settled == settled:
            return key
    return ""
