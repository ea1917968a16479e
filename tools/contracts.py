"""The page of the reference that shows what each shipped connector claims, what follows, and what the kit measured.

The claims are read off the blueprints, opened as `syncline` opens them; nothing is sent. The measures are the reports
that `make kit` and `make live` write. A report of another contract than the shipped one is no evidence: it is left out.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from syncline.app.opening import open_connector
from syncline.config import Project, blueprints, load_project, write_blueprint
from syncline.connectors import names
from syncline.env import RealEnv
from syncline.model.contract import Contract, Locking
from syncline.model.promises import promises_of
from syncline.security import EnvSecrets
from syncline.testing import ConnectorSuite
from syncline.testing.connector_findings import Findings, Taken
from syncline.testing.connector_tier import tier_of

REPORTS = Path(__file__).parents[1] / "docs" / "proof" / "connectors"

_NOBODY = dict.fromkeys(("CRM_TOKEN", "ERP_PASSWORD"), "made-up") | dict.fromkeys(
    ("CRM_URL", "ERP_URL"), "https://made-up.example"
)
_RANKS = ("none", "bronze", "silver", "gold")
_TIMES = (("precision", "g"), ("lag", "L"), ("settle", "r"), ("effect", "T"), ("skew", "skew"))

ABOUT = """What each resource of the shipped blueprints is declared to offer, named `blueprint.system.resource`, and
what the hub promises because of it. [Agreement](../explanation/agreement.md) tells what the promises mean.
`crm-erp.crm` is a pattern for a CRM of yours, tried on the sandbox's: measure yours with `syncline probe`."""
LETTERS = """Times in seconds. g: how fine the time of change is; L: how late a list may show a change; r: how late a
get may show our own write; T: how late a request may take effect after we gave up; skew: how far a clock is off."""
EVERYWHERE = "P4, that every observable change is accounted for, holds everywhere."
SEEN = """What the [connector kit](../how-to/add-a-connector.md#2-its-tests) saw on real processes: how many of its
promises were tried and kept, how many the contract does not claim (the rest could not be tried there), and times in
seconds, where 0 means that the first look saw it. The effect that came late in the sandbox was held back by the kit,
for 0.3 s. The reports are in [docs/proof/connectors](../proof/connectors); `make kit` and `make live` write them.
`-`: not tried."""
CONNECTORS = """Each connector, and the best that one of its reports shows. One that was only tried on servers of our
own is bronze at most: whoever writes both sides may be wrong twice in the same way. `make test` repeats what needs no
server from outside, and fails where a report says more than it sees; `make kit` and `make live` write the reports."""
TIERS = """The tiers are what a report shows. Bronze: nothing failed; reads are whole and steady, failures have their
fates, no secret is shown. Silver: only changes are read, and no create is done twice where creates are taken. Gold: no
edit is overwritten unseen."""

Table = tuple[Sequence[str], Sequence[Sequence[str]]]


class Shipped(NamedTuple):
    """One resource of one system of one blueprint."""

    title: str  #: blueprint.system.resource, the name of the kit's report too
    connector: str
    contract: Contract


def shipped() -> list[Shipped]:
    """Every resource that a blueprint's flows use, in the order of the blueprint."""
    found = []
    for name in sorted(blueprints()):
        with TemporaryDirectory() as folder:
            write_blueprint(name, Path(folder))
            project = load_project(Path(folder), environ=_NOBODY, secrets=EnvSecrets(_NOBODY))
            found += list(_of(name, project))
    return found


def findings() -> dict[str, Findings]:
    """The kit's reports by title."""
    reports = (msgspec.json.decode(path.read_bytes(), type=Findings) for path in sorted(REPORTS.glob("*.json")))
    return {one.title: one for one in reports}


def claims(rows: Sequence[Shipped]) -> Table:
    """What each system is declared to offer."""
    head = ("resource", "connector", "locking", "creates", "marker", "repeats", "deletes", "reads", "batch", "shows")
    return head, [(f"`{one.title}`", f"`{one.connector}`", *_claimed(one.contract)) for one in rows]


def times(rows: Sequence[Shipped]) -> Table:
    """The times of the contracts [s]."""
    head = ("resource", *(f"{name} ({letter})" if name != letter else name for name, letter in _TIMES))
    return head, [(f"`{one.title}`", *(f"{getattr(one.contract, name):g}" for name, _ in _TIMES)) for one in rows]


def promised(rows: Sequence[Shipped]) -> Table:
    """What follows, equal rows together."""
    together: dict[tuple[str, ...], list[str]] = {}
    for one in rows:
        for promise in promises_of(one.contract):
            key = (promise.name, promise.holds, promise.rests_on)
            together.setdefault(key, []).append(f"`{one.title}`")
    lines = sorted(together.items(), key=lambda line: line[0][0])
    return ("promise", "holds", "rests on", "for"), [(*key, ", ".join(titles)) for key, titles in lines]


def measured(rows: Sequence[Shipped], found: Mapping[str, Findings]) -> Table:
    """What the kit showed: how many promises, which times, what is done to values."""
    head = ("resource", "tier", "kept", "not claimed", *(letter for _, letter in _TIMES), "values")
    return head, [(f"`{one.title}`", *_measured(evidence(one, found))) for one in rows]


def evidence(one: Shipped, found: Mapping[str, Findings]) -> Findings | None:
    """The report of this resource as it is shipped: its own, or that of the same system in another blueprint."""
    place = one.title.partition(".")[2]
    alike = [found.get(one.title), *(report for title, report in found.items() if title.partition(".")[2] == place)]
    return next((report for report in alike if report and report.contract == one.contract), None)


def connectors(found: Mapping[str, Findings]) -> Table:
    """Each built-in connector: its tier, and what it was tried on, with the tier that each trial shows."""
    rows = []
    for name in names():
        reports = [one for one in found.values() if one.connector == name]
        tried = [f"{one.server or 'our own'}: {tier_of(one)} (`{one.title}`)" for one in reports]
        rows.append((f"`{name}`", tier_of_connector(reports), "; ".join(sorted(tried)) or "-"))
    return ("connector", "tier", "tried on"), rows


def tier_of_connector(reports: Sequence[Findings]) -> str:
    """The best tier of those reports that tell of a server of others; without one, bronze at most."""
    foreign = [tier_of(one) for one in reports if one.server]
    if foreign:
        return max(foreign, key=_RANKS.index)
    return min(max((tier_of(one) for one in reports), key=_RANKS.index, default="none"), "bronze", key=_RANKS.index)


def _of(name: str, project: Project) -> Iterator[Shipped]:
    for system in project.systems.values():
        connector = open_connector(system, RealEnv())
        used = [one.resource for flow in project.flows for one in flow.flow.sides if one.system == system.name]
        for resource in used:
            yield Shipped(f"{name}.{system.name}.{resource}", system.connector, connector.contract(resource))
        connector.close()


def _claimed(contract: Contract) -> Iterator[str]:
    yield "by version" if contract.locking is Locking.ETAG else "none"
    yield "yes" if contract.creatable else "no"
    yield ("unique" if contract.marker_unique else "searchable") if contract.marker else "none"
    yield "by key" if contract.idempotency else ("by marker" if contract.marker_unique else "not safe")
    ways = [name for name, can in (("delete", contract.deletable), ("archive", contract.archivable)) if can]
    yield f"{contract.deletes}; {', '.join(ways) or 'neither written'}"
    yield "changes" if contract.incremental else "everything"
    yield f"{contract.batch.size}{', all or nothing' if contract.batch.atomic else ''}"
    yield contract.read_back.value


def _measured(found: Findings | None) -> Iterator[str]:
    if found is None:
        yield from ("-", "not tried here", *[""] * (len(_TIMES) + 2))
        return
    yield tier_of(found)
    yield f"{len(found.shown)} of {_promises()}"
    yield str(len(found.unclaimed))
    yield from (_time(found.measured.get(name)) for name, _ in _TIMES)
    yield ", ".join(f"{field}: {' '.join(names)}" for field, names in sorted(found.learned.items())) or "as sent"


def _promises() -> int:
    """How many the kit has."""
    return sum(name.startswith("test_") for name, _ in inspect.getmembers(ConnectorSuite, inspect.isfunction))


def _time(taken: Taken | None) -> str:
    return "-" if taken is None else f"{taken.measured:.2g}"
