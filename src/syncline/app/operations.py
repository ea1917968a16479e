"""The operations behind the commands, the API and the console: one plain function each, from a hub to a report.

Nothing is decided here. Each name is the entry of one engine module, so that whoever drives the hub imports one place.

    sync, plan, apply, match, questions, answer            one pass, or a look ahead
    status, drift, verify                                  where the systems stand
    conflicts, resolve, parked, retry, edit_and_retry      what waits for a person
    why, history, undo                                     what happened, and how to take it back
    normalisers, refuse_normaliser                         what systems do to values
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.engine import drift as drifting
from syncline.engine import history as histories
from syncline.engine import people, plans, statistics, undoing, verifying
from syncline.engine import questions as asking
from syncline.engine.hub import BoundFlow, Hub
from syncline.engine.run import run
from syncline.errors import SetupError
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


def sync(
    hub: Hub, flows: Sequence[str] | None = None, *, full: bool = False, approved: bool = False
) -> RunReport:
    """Bring flows into agreement once; all of them when none is named."""


def plan(hub: Hub, flows: Sequence[str] | None = None) -> Plan:
    """Read, merge and save what a run would write, without writing any of it."""


def load_plan(hub: Hub, plan_id: str) -> Plan:
    """A saved plan, as it was shown. SetupError when there is none of that id."""


def apply(hub: Hub, plan_id: str) -> RunReport:
    """Deliver exactly that plan; StalePlanError when a side has moved since, SetupError when it was applied already."""


def match(hub: Hub, flows: Sequence[str] | None = None) -> Sequence[MatchReport]:
    """Read every side, link what is the same, and count; nothing is written to any system."""


def questions(hub: Hub, flow: str | None = None) -> Sequence[Question]:
    """Records that wait for a person to say which entity they are."""


def answer(hub: Hub, flow: str, system: str, key: str, choice: str) -> Question:
    """`choice` is "new" or the eid of a candidate ("12" or "#12"). The next run links or creates."""


def status(hub: Hub) -> Status:
    """Where the hub stands. Reads only."""


def drift(hub: Hub, flows: Sequence[str] | None = None, *, repair: bool = False) -> Sequence[DriftRow]:
    """How far each pair of systems differs, by cause. `repair` first plans anew what is unexplained and reads all."""


def conflicts(hub: Hub, *, every: bool = False) -> Sequence[ConflictRow]:
    """Open conflicts, newest first; with `every` also those settled by rule or by a person."""


def resolve(hub: Hub, cid: int, choice: str, *, value: object = None, who: str = "") -> ConflictRow:
    """Decide a conflict: "ours", "theirs", a system's name (what it shows), or "value" with `value`."""


def parked(hub: Hub) -> Sequence[ParkedRow]:
    """Refused writes and unreadable records, oldest first."""


def retry(hub: Hub, number: int | None = None) -> Sequence[ParkedRow]:
    """Try a parked row again with the next run, or all of them; those that will be tried."""


def edit_and_retry(hub: Hub, number: int, fields: Mapping[str, object], *, who: str = "") -> Edited:
    """Correct the canonical values of a parked record and try it again with the next run."""


def why(hub: Hub, reference: str) -> Why:
    """Why a field has its value: `customer:KEY.field`, `customer:crm:KEY.field` or `customer:#12.field`."""


def history(hub: Hub, reference: str) -> History:
    """Everything that happened to one entity: `customer:KEY`, `customer:crm:KEY` or `customer:#12`."""


def undo(hub: Hub, number: int, *, send: bool = False, who: str = "") -> UndoReport:
    """Take back what a run changed, except where it was edited since."""


def verify(hub: Hub, sample: int | None = None) -> VerifyReport:
    """Check the audit chain, and canon against the log: of `sample` entities per type, or of all."""


def normalisers(hub: Hub) -> Sequence[Normaliser]:
    """What systems do to values: declared by their contracts, learned, or refused by a person."""


def refuse_normaliser(hub: Hub, system: str, entity: str, field: str, name: str) -> Normaliser:
    """A learned normaliser is not to be believed, now or later."""
