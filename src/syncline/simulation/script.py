"""A script: everything that decides a history, as plain data. It can be kept, cut down and played again.

Nothing in it is drawn by chance when it is played, but for what `seed` gives: the jitter of the hub and the lags of
the applications. So a kept script means the same when the way in which scripts are drawn has changed.
"""

from __future__ import annotations

from typing import Literal

import msgspec

VERSION = 1

Normaliser = str  #: of the closed list ("upper", "truncate:9"), or of what no contract knows ("html", "zone")


class Habits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one application is like. Times in seconds. What it declares of itself is true."""

    precision: float = 0.001  #: granularity of its change stamps
    lag: float = 0.0  #: a list or search shows a version this late at most
    get_lag: float = 0.0  #: a get shows a version exactly this late
    effect: float = 5.0  #: a request may still take effect this long after its answer was lost
    skew: float = 0.0  #: its clock is off by so much
    locking: Literal["etag", "version", "none"] = "etag"
    marker: Literal["unique", "plain", "none"] = "plain"
    upsert: bool = False  #: a create with a marker that exists changes that record; only with a unique marker
    idempotent: bool = False  #: a create with a key that was used is answered with what it made then
    normalisers: dict[str, Normaliser] = {}  #: by canonical field
    declared: bool = True  #: does its contract tell of them?
    deletes: Literal["hard", "soft", "tombstones"] = "hard"
    reuses: Literal["never", "people", "all"] = "never"  #: who gets the id of the record that was deleted last
    retention: float = 0.0  #: its feed forgets a delete after so long, which no contract tells; 0: never
    read_back: Literal["body", "get"] = "body"
    batch: Literal["single", "atomic", "items", "unordered"] = "items"
    size: int = 20  #: items of a batch
    page: int = 4  #: records of a page
    shuffled: bool = False  #: lists in no order
    counted: bool = False  #: pages are counted: where a record goes while they are read, another one is skipped
    incremental: bool = True
    stamped: bool = True
    per_second: float = 50.0
    burst: int = 50
    counts: bool = False  #: answers 429 to what goes beyond that
    rejects: bool = False  #: a validation rule refuses some values
    webhooks: bool = False  #: tells the hub which record has changed, after each change
    webhooks_lost: float = 0.0  #: share of them that nobody ever hears
    webhooks_twice: float = 0.0  #: share that comes twice
    webhooks_late: float = 0.0  #: they come this late at most, so that one may overtake another [s]
    webhooks_forged: float = 0.0  #: share beside which another comes that names what is not there, signed or not
    workflow: tuple[str, str] = ("", "")  #: a change of the first canonical field makes it set the second


class Deed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one person does in one application, or what the application does to itself."""

    op: Literal[
        "add", "edit", "save", "remove", "restore", "merge", "split", "rename", "re-key", "touch", "roll-back",
    ]  # fmt: skip
    system: str
    flow: str = ""
    who: int = 0  #: the thing in the real world that the record tells of
    fields: dict[str, object] = {}  #: canonical field -> value; of numbers that add, sets and lines: what is done
    other: int = 0  #: the thing that it is merged into, or that is split off
    back: float = 0.0  #: how far a backup reaches back [s]


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What goes wrong with one call of the hub."""

    call: int  #: the n-th call of its pass, from 1
    kind: str
    of: str = ""  #: "system what": only such calls are counted
    wait: float = 0.0  #: [s]: until it takes effect, or the pause that is asked for


class Passing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One pass of the hub, and what happens meanwhile."""

    wait: float = 1.0  #: before it [s]
    full: bool = False
    anew: bool = False  #: by a new process
    crash: int = 0  #: the process dies at this moment of the pass, from 1; 0: it does not
    deeds: list[tuple[int, Deed]] = []  #: moment of the pass, and what is done then
    faults: list[Fault] = []
    drift: str = ""  #: "system resource" whose schema looks changed during this pass
    put_back: int = 0  #: before it, the state of a hub with a file becomes what it was so many passes ago; 0: it stays


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One whole history, before it happens."""

    seed: int
    mode: Literal["safety", "liveness"] = "liveness"
    scan: bool = True  #: does anti-entropy (reading everything now and then) take place?
    calm: bool = False  #: everybody waits for agreement before the next thing is done
    store: Literal["memory", "file"] = "memory"  #: where the hub keeps its state
    flows: list[str]
    systems: dict[str, Habits]
    before: list[Deed]  #: what is there before the hub comes
    passes: list[Passing]
    last: list[Deed] = []  #: done once all is quiet, to see how long it takes
    version: int = VERSION


def encode(script: Script) -> bytes:
    """A script as JSON, for people to read."""
    return msgspec.json.format(msgspec.json.encode(script), indent=1) + b"\n"


def decode(data: bytes) -> Script:
    """The script that `encode` wrote."""
    return msgspec.json.decode(data, type=Script)
