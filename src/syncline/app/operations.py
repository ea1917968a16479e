"""The operations behind the commands, the API and the console: one plain function each, from a hub to a report.

Nothing is decided here. Each name is the entry of one engine module, so that whoever drives the hub imports one place.

    sync, plan, apply, match, questions, answer            one pass, or a look ahead
    status, drift, figures, verify                         where the systems stand
    findings, profile                                      what the values are like
    publish                                                agreed changes, told to others
    conflicts, resolve, parked, retry, edit_and_retry      what waits for a person
    why, history, undo                                     what happened, and how to take it back
    normalisers, refuse_normaliser                         what systems do to values
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncline.engine import conflicts as clashes
from syncline.engine import drift as drifting
from syncline.engine import history as histories
from syncline.engine import normalisers as learned
from syncline.engine import parked as refusals
from syncline.engine import plans, statistics
from syncline.engine import questions as asking
from syncline.engine import undo as undoing
from syncline.engine import verify as verifying
from syncline.engine.announce import Announced, Audience, announce
from syncline.engine.hub import Hub
from syncline.engine.labels import flows_named
from syncline.engine.run import run
from syncline.model.figures import Figures, FindingRow
from syncline.model.report import (
    ConflictRow,
    DriftRow,
    Edited,
    History,
    MatchReport,
    Normaliser,
    ParkedRow,
    Plan,
    Question,
    RunReport,
    Status,
    UndoReport,
    VerifyReport,
    Why,
)
from syncline.quality.profile import EntityProfile


def sync(hub: Hub, flows: Sequence[str] | None = None, *, full: bool = False, approved: bool = False) -> RunReport:
    """Bring flows into agreement once; all of them when none is named."""
    bound = flows_named(hub, flows)
    return statistics.finished(hub, run(hub, bound, full=full, approved=approved), bound)


def publish(hub: Hub, audience: Audience) -> Announced:
    """Tell others what was agreed and not told yet; what stands in the way is said, and nothing is skipped."""
    return announce(hub, audience)


def plan(hub: Hub, flows: Sequence[str] | None = None) -> Plan:
    """Read, merge and save what a run would write, without writing any of it."""
    return plans.make_plan(hub, flows)


def load_plan(hub: Hub, plan_id: str) -> Plan:
    """A saved plan, as it was shown. SetupError when there is none of that id."""
    return plans.load_plan(hub, plan_id)


def apply(hub: Hub, plan_id: str) -> RunReport:
    """Deliver exactly that plan; StalePlanError when a side has moved since, SetupError when it was applied already."""
    return plans.apply_plan(hub, plan_id)


def match(hub: Hub, flows: Sequence[str] | None = None) -> Sequence[MatchReport]:
    """Read every side, link what is the same, and count; nothing is written to any system."""
    return asking.match(hub, flows)


def questions(hub: Hub, flow: str | None = None) -> Sequence[Question]:
    """Records that wait for a person to say which entity they are."""
    return asking.questions(hub, flow)


def answer(hub: Hub, flow: str, system: str, key: str, choice: str) -> Question:
    """`choice` is "new" or the eid of a candidate ("12" or "#12"). The next run links or creates."""
    return asking.answer(hub, flow, system, key, choice)


def status(hub: Hub) -> Status:
    """Where the hub stands, with the figures that are cheap to tell. Reads only."""
    from syncline.engine.figures import figures as reckon  # a pass needs none

    return replace(statistics.status(hub), figures=reckon(hub))


def figures(hub: Hub, flows: Sequence[str] | None = None, *, deep: bool = True) -> Figures:
    """The sync's own figures; `deep` looks at every record. Reads only, so that metrics may ask at any time."""
    from syncline.engine.figures import figures as reckon

    return reckon(hub, flows, deep=deep)


def findings(hub: Hub, flows: Sequence[str] | None = None) -> Sequence[FindingRow]:
    """Records that flow although they break a rule, oldest first."""
    from syncline.engine.figures import finding_rows

    return finding_rows(hub, flows)


def profile(hub: Hub, flows: Sequence[str] | None = None, *, keep: bool = True) -> Sequence[EntityProfile]:
    """What the agreed values look like, against the last profile; `keep` makes this the last one."""
    from syncline.engine import profiling

    return profiling.profile(hub, flows, keep=keep)


def drift(hub: Hub, flows: Sequence[str] | None = None, *, repair: bool = False) -> Sequence[DriftRow]:
    """How far each pair of systems differs, by cause. `repair` first plans anew what is unexplained and reads all."""
    return drifting.drift(hub, flows, repair=repair)


def conflicts(hub: Hub, *, every: bool = False) -> Sequence[ConflictRow]:
    """Open conflicts, newest first; with `every` also those settled by rule or by a person."""
    return clashes.conflicts(hub, every=every)


def resolve(hub: Hub, cid: int, choice: str, *, value: object = None, who: str = "", agreed: int = 0) -> ConflictRow:
    """Decide a conflict: "ours", "theirs", a system's name (what it shows), or "value" with `value`.

    `agreed` is that of the row which was shown; SetupError when the agreed value has changed since.
    """
    return clashes.resolve(hub, cid, choice, value=value, who=who, agreed=agreed)


def parked(hub: Hub) -> Sequence[ParkedRow]:
    """Refused writes and unreadable records, oldest first."""
    return refusals.parked(hub)


def retry(hub: Hub, number: int | None = None) -> Sequence[ParkedRow]:
    """Try a parked row again with the next run, or all of them; those that will be tried."""
    return refusals.retry(hub, number)


def edit_and_retry(hub: Hub, number: int, fields: Mapping[str, object], *, who: str = "") -> Edited:
    """Correct the canonical values of a parked record and try it again with the next run."""
    return refusals.edit_and_retry(hub, number, fields, who=who)


def why(hub: Hub, reference: str) -> Why:
    """Why a field has its value: `customer:KEY.field`, `customer:crm:KEY.field` or `customer:#12.field`."""
    return histories.why(hub, reference)


def history(hub: Hub, reference: str) -> History:
    """Everything that happened to one entity: `customer:KEY`, `customer:crm:KEY` or `customer:#12`."""
    return histories.history(hub, reference)


def undo(hub: Hub, number: int, *, send: bool = False, creations: bool = False, who: str = "") -> UndoReport:
    """Take back what a run changed, except where it was edited since; records that it created only with `creations`."""
    return undoing.undo(hub, number, send=send, creations=creations, who=who)


def verify(hub: Hub, sample: int | None = None) -> VerifyReport:
    """Check the audit chain, and canon against the log: of `sample` entities per type, or of all."""
    return verifying.verify(hub, sample)


def normalisers(hub: Hub) -> Sequence[Normaliser]:
    """What systems do to values: declared by their contracts, learned, or refused by a person."""
    return learned.normalisers(hub)


def refuse_normaliser(hub: Hub, system: str, entity: str, field: str, name: str) -> Normaliser:
    """A learned normaliser is not to be believed, now or later."""
    return learned.refuse_normaliser(hub, system, entity, field, name)
