"""Measures what a system's contract declares, because what the engine promises follows from the contract.

Without a scratch record it only reads. With one it changes a single text field of that record, watches what the system
makes of it, and puts the former value back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from math import gcd

import msgspec

from syncline.env import Env
from syncline.errors import RejectedError, SetupError, SynclineError
from syncline.mapping import Lens
from syncline.merging import explain
from syncline.model.contract import Contract, Locking
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Outcome, Page, Receipt, Record
from syncline.ports.connector import Connector

_FEW = 20  #: records read by key
_LOOKS = 40  #: tries to see a write in the list
_PAUSE = 0.25  #: between two of them [s]
_GRAINS = (1.0, 0.001, 0.0)  #: seconds, milliseconds, finer [s]
_NOBODY = "syncline-probe-nobody"  #: a value that no record has


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One fact: what the contract declares and what was seen."""

    name: str
    declared: str
    measured: str
    agrees: bool | None  #: None: it could not be measured
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """Everything measured about one resource of one system."""

    system: str
    resource: str
    measures: tuple[Measure, ...]
    wrote: str = ""  #: the key of the scratch record; "" when only reads were made


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is probed: one resource of one system, and how it is mapped."""

    system: str
    resource: str
    connector: Connector
    lens: Lens
    env: Env

    @property
    def contract(self) -> Contract:
        """What is declared."""
        return self.connector.contract(self.resource)


def probe(subject: Subject, *, scratch: str = "") -> ProbeReport:
    """Measure by reading; with the key of a `scratch` record also by writing to that one record."""
    begun = subject.env.monotonic()
    page = next(iter(subject.connector.list(subject.resource, None)), Page(keys=(), raws=()))
    seconds = subject.env.monotonic() - begun
    told = f"{len(page.keys)} records in {seconds * 1000:.0f} ms"
    measures = [Measure(name="answer", declared="", measured=told, agrees=None)]
    for step in (_reading, _stamps, _cursor, _versions, _marker, _searches, _missing):
        measures += _tried(step, subject, page)
    if scratch:
        measures += _Scratch(subject=subject, key=scratch).measures()
    return ProbeReport(system=subject.system, resource=subject.resource, measures=tuple(measures), wrote=scratch)


def _tried(step: Callable[[Subject, Page], Iterator[Measure]], subject: Subject, page: Page) -> Iterator[Measure]:
    try:
        yield from step(subject, page)
    except SynclineError as error:
        name = step.__name__.removeprefix("_")
        yield Measure(name=name, declared="", measured=f"failed: {error.what}", agrees=False, cure=error.cure)


def _reading(subject: Subject, page: Page) -> Iterator[Measure]:
    keys = page.keys[:_FEW]
    if not keys:
        return
    answers = subject.connector.get(subject.resource, keys)
    same = sum(
        isinstance(answer, Record) and answer.raw == raw for answer, raw in zip(answers, page.raws, strict=False)
    )
    yield Measure(
        name="get shows what list shows", declared="always", measured=f"{same} of {len(keys)} records are the same",
        agrees=same == len(keys), cure="A get must show the same fields as the list, or every record is written twice.",
    )  # fmt: skip


def _stamps(subject: Subject, page: Page) -> Iterator[Measure]:
    contract, stamps = subject.contract, [stamp for stamp in page.stamps or () if stamp]
    if not stamps:
        agrees = not contract.stamped if page.keys else None
        yield Measure(name="stamps", declared=_yes(given=contract.stamped), measured="none", agrees=agrees)
        return
    grain = reduce(gcd, stamps, 0) / 1e6
    seen = next(one for one in _GRAINS if grain >= one)
    yield Measure(
        name="precision of stamps", declared=f"{contract.precision:g} s",
        measured=f"{f'{seen:g} s' if seen else 'finer than 1 ms'} over {len(stamps)} records",
        agrees=seen <= contract.precision, cure=f"Declare precision: {seen:g}.",
    )  # fmt: skip
    ahead = max(stamps) / 1e6 - subject.env.now().timestamp()
    yield Measure(
        name="clock", declared=f"at most {contract.skew:g} s off",
        measured=f"{ahead:.1f} s ahead" if ahead > 0 else "no stamp in our future", agrees=ahead <= contract.skew,
        cure=f"Declare skew: {ahead + 1:.0f}, or set that machine's clock.",
    )  # fmt: skip


def _cursor(subject: Subject, page: Page) -> Iterator[Measure]:
    stamps = [stamp for stamp in page.stamps or () if stamp]
    if not subject.contract.incremental or not stamps:
        return
    since = Cursor(stamp=max(stamps))
    overlap = subject.contract.lag + subject.contract.skew + subject.contract.precision
    floor = since.stamp - int(overlap * 1e6)
    pages = islice(subject.connector.list(subject.resource, since), 2)
    seen = [stamp for one in pages for stamp in one.stamps or ()]
    old = sum(stamp < floor - 1_000_000 for stamp in seen)
    yield Measure(
        name="reads from a cursor", declared="yes", agrees=not old,
        measured=f"read {len(seen)}, {old} older than was asked for",
        cure="Check `since`: the system seems to ignore its parameter.",
    )  # fmt: skip


def _versions(subject: Subject, page: Page) -> Iterator[Measure]:
    known = sum(version is not None for version in page.versions or ())
    needed = subject.contract.locking is Locking.ETAG
    yield Measure(
        name="versions", declared="in every record" if needed else "not needed",
        measured=f"in {known} of {len(page.keys)} records", agrees=known == len(page.keys) if needed else None,
        cure="Without a version a write cannot be made conditional.",
    )  # fmt: skip


def _marker(subject: Subject, page: Page) -> Iterator[Measure]:
    if not subject.contract.marker:
        yield Measure(name="marker", declared="no", measured="not tried", agrees=None)
        return
    found = subject.connector.search(subject.resource, "", _NOBODY)
    yield Measure(
        name="search by marker", declared="yes", measured=f"finds {len(found)} for a marker that nobody wrote",
        agrees=not found, cure="The system seems to ignore the parameter: take `marker.param` out, or correct it.",
    )  # fmt: skip


def _searches(subject: Subject, page: Page) -> Iterator[Measure]:
    records = [msgspec.json.decode(raw, type=dict[str, object]) for raw in page.raws[:_FEW]]
    for field in sorted(subject.contract.searchable):
        hit = next(((key, one[field]) for key, one in zip(page.keys, records, strict=False) if one.get(field)), None)
        if hit is None:
            continue
        found = [one.key for one in subject.connector.search(subject.resource, field, str(hit[1]))]
        nobody = subject.connector.search(subject.resource, field, _NOBODY)
        yield Measure(
            name=f"search by {field}", declared="yes", agrees=hit[0] in found and not nobody,
            measured=("finds" if hit[0] in found else "misses") + f" a record, {len(nobody)} for a value nobody has",
            cure=f"Take {field} out of `search`, or correct its parameter.",
        )  # fmt: skip


def _missing(subject: Subject, page: Page) -> Iterator[Measure]:
    key = "999999999999" if all(key.isdigit() for key in page.keys) else _NOBODY
    answer = subject.connector.get(subject.resource, [key])[0]
    gone = isinstance(answer, Gone)
    yield Measure(
        name="get of what is not there", declared="told as gone", measured="told as gone" if gone else "a record",
        agrees=gone, cure="Check `get` and `gone_when`: a delete could not be confirmed.",
    )  # fmt: skip


def _yes(*, given: bool) -> str:
    return "yes" if given else "no"


@dataclass(slots=True, kw_only=True)
class _Scratch:
    """Writes to one record, and puts it back."""

    subject: Subject
    key: str
    field: str = ""

    def measures(self) -> list[Measure]:
        """What can only be seen by writing. The former value comes back, whatever happens."""
        before = self._read()
        value = self._text(before)
        try:
            found = list(self._written(value, before.version))
        except SynclineError as error:
            found = [
                Measure(name="write", declared="", measured=f"failed: {error.what}", agrees=False, cure=error.cure)
            ]
        except BaseException:
            self._put_back(value)
            raise
        return [*found, self._put_back(value)]

    def _written(self, value: str, version: str | None) -> Iterator[Measure]:
        begun = self.subject.env.now().timestamp()
        first = self._write(f"{value} x", version)
        yield self._answered(first)
        if first.outcome is Outcome.DONE:
            yield self._shown(first, f"{value} x")
            yield self._locked(value, version)
            yield self._listed(begun)

    def _put_back(self, value: str) -> Measure:
        try:
            self._write(value, self._read().version)
            shown = self._value(self._read())
        except SynclineError as error:
            shown = f"unknown: {error.what}"
        return Measure(
            name="scratch record", declared="put back", measured="put back" if shown == value else f"shows {shown}",
            agrees=shown == value, cure=f"Set {self.field} of {self.key} to `{value}` by hand.",
        )  # fmt: skip

    def _read(self) -> Record:
        answer = self.subject.connector.get(self.subject.resource, [self.key])[0]
        if isinstance(answer, Record):
            return answer
        msg = f"{self.subject.system} has no record {self.key} in {self.subject.resource}."
        raise SetupError(msg, cure="Name a record that may be changed.")

    def _text(self, record: Record) -> str:
        """The first writable text field that survives the way there and back."""
        lens = self.subject.lens
        row = [column[0] for column in lens.get([record.raw]).columns]
        for name, value in zip(lens.fields, row, strict=True):
            if name in lens.writable and isinstance(value, str) and value and self._writes(name, f"{value} x"):
                self.field = name
                return value
        msg = f"{self.key} has no text field that could be tried."
        raise SetupError(msg, cure="Name a record with a name or a note.")

    def _writes(self, name: str, value: str) -> bool:
        try:
            return bool(self._fields(name, value))
        except RejectedError:
            return False

    def _fields(self, name: str, value: str) -> dict[str, object]:
        lens = self.subject.lens
        row = [value if one == name else msgspec.UNSET for one in lens.fields]
        return dict(lens.put([row], frozenset({name}))[0])

    def _value(self, record: Record) -> object:
        lens = self.subject.lens
        return lens.get([record.raw]).columns[lens.fields.index(self.field)][0]

    def _write(self, value: str, version: str | None) -> Receipt:
        connector, env = self.subject.connector, self.subject.env
        item = Item(ref=1, op=Op.UPDATE, key=self.key, fields=self._fields(self.field, value), version=version)
        batch = Batch(resource=self.subject.resource, items=[item], send_by=env.monotonic() + 30)
        return next(iter(connector.write(batch)), Receipt(ref=1, outcome=Outcome.DOUBT, message="no answer"))

    def _answered(self, receipt: Receipt) -> Measure:
        return Measure(
            name="write", declared="", agrees=receipt.outcome is Outcome.DONE,
            measured=f"{self.field}: {receipt.outcome.name.lower()} {receipt.message}".strip(),
            cure="The hub could not write this record either.",
        )  # fmt: skip

    def _shown(self, receipt: Receipt, sent: str) -> Measure:
        declared = self.subject.contract.read_back
        where = "body" if receipt.raw is not None else "get"
        shown = self._value(self._read())
        names = "" if shown == sent else ", ".join(explain(sent, shown)) if isinstance(shown, str) else ""
        made = "as sent" if shown == sent else f"changed by {names}" if names else f"as `{shown}`"
        return Measure(
            name="read back", declared=str(declared), measured=f"{where}; stored {made}",
            agrees=str(declared) == where or str(declared) == "get",
            cure=f"Declare read_back: {where}.",
        )  # fmt: skip

    def _locked(self, value: str, stale: str | None) -> Measure:
        declared = self.subject.contract.locking
        outcome = self._write(value + " y", stale).outcome
        refused = outcome is Outcome.STALE
        return Measure(
            name="a stale write", declared="refused" if declared is Locking.ETAG else "nothing stops it",
            measured="refused" if refused else outcome.name.lower(), agrees=refused or declared is not Locking.ETAG,
            cure="Take `if_match` out: the system does not honour it, and an edit could be lost.",
        )  # fmt: skip

    def _listed(self, begun: float) -> Measure:
        env, declared = self.subject.env, self.subject.contract.lag
        shown = self._value(self._read())
        since = Cursor(stamp=int(begun * 1e6)) if self.subject.contract.incremental else None
        for _ in range(_LOOKS):
            if self._in_list(since, shown):
                lag = env.now().timestamp() - begun
                return _lag(declared, f"{lag:.2f} s", agrees=lag <= declared + 1)
            env.sleep(_PAUSE)
        return _lag(declared, f"not seen within {_LOOKS * _PAUSE:g} s", agrees=None)

    def _in_list(self, since: Cursor | None, shown: object) -> bool:
        for page in self.subject.connector.list(self.subject.resource, since):
            if self.key in page.keys:
                raw: Sequence[bytes] = [page.raws[list(page.keys).index(self.key)]]
                return self._value(Record(key=self.key, raw=raw[0])) == shown
        return False


def _lag(declared: float, measured: str, *, agrees: bool | None) -> Measure:
    cure = "Declare a greater lag, or changes of the last moments are missed until the next full read."
    return Measure(name="lag of the list", declared=f"{declared:g} s", measured=measured, agrees=agrees, cure=cure)
