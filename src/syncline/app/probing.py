"""Measures what a system's contract declares, because what the engine promises follows from the contract.

Without a scratch record it only reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from itertools import islice
from math import gcd

import msgspec

from syncline.app.measures import Measure, ProbeReport, Subject
from syncline.app.scratch import Scratch
from syncline.errors import SynclineError
from syncline.model.contract import Locking
from syncline.model.page import Cursor, Gone, Page, Record

_FEW = 20  #: records read by key
_GRAINS = (1.0, 0.001, 0.0)  #: seconds, milliseconds, finer [s]
_NOBODY = "syncline-probe-nobody"  #: a value that no record has


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
        measures += Scratch(subject=subject, key=scratch).measures()
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
