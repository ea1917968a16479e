"""The words in which the reference scenarios are written: who does what, what each system is like, what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from syncline.config import load_project
from syncline.security import EnvSecrets
from syncline.simulation.script import Deed, Fault, Habits, Passing, Script
from syncline.simulation.shape import TOKENS, Kind, Shape, reference, shape_of

SEED = 1
ANN, BEN, EVE = 1, 2, 3  #: things in the real world
LATER = 10_000  #: a moment that no pass has: after it
PROJECTS = Path(__file__).parent  #: beside the reference project


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """A fixed list of decisions. The hub is killed in every pass that is `tried`, never in those before."""

    name: str
    script: Script
    tried: int = 2  #: how many passes, from the last
    shape: Shape
    met: tuple[str, ...] = ()  #: what must have happened, or it would be another story
    differs: str = ""  #: why a crash may change what everybody shows in the end

    @property
    def first(self) -> int:
        """The first pass that is tried."""
        return len(self.script.passes) - self.tried


@lru_cache
def circle() -> Shape:
    """A project in which two entities refer to each other."""
    return shape_of(load_project(PROJECTS / "circle", environ={}, secrets=EnvSecrets({})))


@lru_cache
def one_way() -> Shape:
    """A project with a system that is only written to."""
    return shape_of(load_project(PROJECTS / "one_way", environ={}, secrets=EnvSecrets({})))


@lru_cache
def confirmed() -> Shape:
    """A project in which orders go to the plant once they are confirmed."""
    return shape_of(load_project(PROJECTS / "confirmed", environ={}, secrets=EnvSecrets({})))


def text(number: int) -> str:
    """A text of its own for each number."""
    return str(TOKENS[Kind.TEXT](number))


def add(system: str, who: int, flow: str = "customers", **fields: object) -> Deed:
    """Somebody enters a new record."""
    return Deed(op="add", system=system, flow=flow, who=who, fields=fields)


def edit(system: str, who: int, flow: str = "customers", **fields: object) -> Deed:
    """Somebody changes fields."""
    return Deed(op="edit", system=system, flow=flow, who=who, fields=fields)


def remove(system: str, who: int, flow: str = "customers") -> Deed:
    """Somebody deletes."""
    return Deed(op="remove", system=system, flow=flow, who=who)


def wrong(kind: str, of: str, *, call: int = 1, wait: float = 0.0) -> Fault:
    """What goes wrong with the n-th call of a kind."""
    return Fault(call=call, kind=kind, of=of, wait=wait)


#: Two customers whom one system knows; the hub tells the other.
KNOWN = (
    add("crm", ANN, name=text(11), phone=text(12), email=text(13), street=text(14), city=text(15), visits=3),
    add("crm", BEN, name=text(21), phone=text(22), tags={"put": "g1"}),
)
#: One whom a project of three fields knows.
ONE = (add("crm", ANN, name=text(11), phone=text(12), city=text(13)),)
#: Two orders that nobody has confirmed.
OPEN = (add("crm", ANN, "orders", state="open", note=text(11)), add("crm", BEN, "orders", state="open", note=text(21)))
SETTLED = (Passing(full=True), Passing(wait=40.0, full=True))  #: until everybody agrees


def story(  # noqa: PLR0913  each has its usual value
    name: str,
    *deeds: Deed | tuple[int, Deed],
    known: tuple[Deed, ...] = KNOWN,
    flows: tuple[str, ...] = ("customers",),
    shape: Shape | None = None,
    faults: tuple[Fault, ...] = (),
    systems: tuple[str, ...] = ("crm", "erp"),
    drift: str = "",
    then: tuple[Passing, ...] = (Passing(wait=60.0, full=True),),
    met: tuple[str, ...] = (),
    differs: str = "",
    crm: Habits | None = None,
    **habits: object,
) -> Scenario:
    """After everybody agreed, people do these deeds, and two passes follow; `habits` are those of every system.

    A deed with a moment happens during the pass, the others before it.
    """
    before = [deed for deed in deeds if isinstance(deed, Deed)]
    during = [deed for deed in deeds if not isinstance(deed, Deed)]
    settled = [*SETTLED[:-1], Passing(wait=40.0, full=True, deeds=[(LATER, deed) for deed in before])]
    passing = Passing(wait=30.0, full=True, deeds=during, faults=list(faults), drift=drift)
    alike = {system: Habits(**habits) for system in systems}  # type: ignore[arg-type]
    script = Script(
        seed=SEED, flows=list(flows), systems={**alike, "crm": crm or alike["crm"]}, before=list(known),
        passes=[*settled, passing, *then],
    )  # fmt: skip
    met += tuple(f"fault {fault.kind} {fault.of.partition(' ')[2]}" for fault in faults)
    return Scenario(name=name, script=script, tried=1 + len(then), shape=shape or reference(), met=met, differs=differs)
