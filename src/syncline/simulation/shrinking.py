"""Cut a script down to what still breaks an invariant: delta debugging, part by part.

What is left is kept as a file that says all there is to say, so it means the same when scripts are drawn otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from syncline.simulation.campaign import judge
from syncline.simulation.script import Deed, Habits, Passing, Script
from syncline.simulation.shape import Shape

MOST_TRIES = 600
Part = tuple[object, ...]
Broken = Callable[[Script], bool]


class Regression(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kept script, and what it is kept for."""

    invariant: str
    what: str  #: in a sentence, for people
    script: Script


def encode_regression(one: Regression) -> bytes:
    """As JSON, for people to read."""
    return msgspec.json.format(msgspec.json.encode(one), indent=1) + b"\n"


def decode_regression(data: bytes) -> Regression:
    """What `encode_regression` wrote."""
    return msgspec.json.decode(data, type=Regression)


def breaks(invariant: str, shape: Shape) -> Broken:
    """Does a script break this invariant?"""
    return lambda script: any(one.invariant == invariant for one in judge(script, shape).violations)


def shrink(script: Script, broken: Broken, *, tries: int = MOST_TRIES) -> Script:
    """The smallest script found that is still broken, after at most `tries` plays."""
    left = [tries]

    def still(candidate: Script) -> bool:
        left[0] -= 1
        return broken(candidate)

    size = -1
    while size != (size := sum(1 for kind in _KINDS for _ in kind(script))) and left[0] > 0:
        for kind in _KINDS:
            script = _without_most(script, list(kind(script)), still, left)
    return script


def _without_most(script: Script, parts: Sequence[Part], still: Broken, left: list[int]) -> Script:
    """Delta debugging: drop halves, then quarters, down to single parts."""
    size = len(parts)
    while size >= 1:
        start = 0
        while start < len(parts) and left[0] > 0:
            chunk = parts[start : start + size]
            candidate = _without(script, parts, chunk)
            if candidate != script and still(candidate):
                parts = [*parts[:start], *parts[start + size :]]
                return _without_most(candidate, _again(candidate, parts), still, left)
            start += size
        size //= 2
    return script


def _again(script: Script, parts: Sequence[Part]) -> list[Part]:
    """The parts of the same kind that are left, counted anew."""
    kinds = {part[0] for part in parts}
    return [part for kind in _KINDS for part in kind(script) if part[0] in kinds]


# --- parts ------------------------------------------------------------------------------------------------------------


def _passes(script: Script) -> Iterator[Part]:
    yield from (("pass", n) for n in range(len(script.passes)))


def _incidents(script: Script) -> Iterator[Part]:
    for n, passing in enumerate(script.passes):
        yield from (("fault", n, fault) for fault in passing.faults)
        yield from (("incident", n, name) for name in ("crash", "anew", "drift", "put_back") if getattr(passing, name))


def _deeds(script: Script) -> Iterator[Part]:
    for n, _, deed in _all_deeds(script):
        yield "deed", n, deed


def _fields(script: Script) -> Iterator[Part]:
    for n, _, deed in _all_deeds(script):
        yield from (("field", n, name) for name in deed.fields)


def _habits(script: Script) -> Iterator[Part]:
    """What is not usual of each application. Where nothing is listed whole, it goes on telling of its deletes."""
    usual = Habits()
    for system, habits in script.systems.items():
        for name in Habits.__struct_fields__:
            if getattr(habits, name) != getattr(usual, name) and (script.scan or name != "deletes"):
                yield "habit", system, name


def _systems(script: Script) -> Iterator[Part]:
    if len(script.systems) > 2:  # noqa: PLR2004  one alone agrees with itself
        yield from (("system", name) for name in script.systems)
    if len(script.flows) > 1:
        yield from (("flow", name) for name in script.flows)


_KINDS = (_systems, _passes, _incidents, _deeds, _fields, _habits)


def _all_deeds(script: Script) -> Iterator[tuple[int, int, Deed]]:
    """(number in the script, moment, deed)."""
    moments = [(0, deed) for deed in script.before]
    moments += [one for passing in script.passes for one in passing.deeds]
    moments += [(0, deed) for deed in script.last]
    for number, (moment, deed) in enumerate(moments):
        yield number, moment, deed


def _without(script: Script, parts: Sequence[Part], gone: Sequence[Part]) -> Script:
    """The script without some of its parts."""
    del parts
    kind = str(gone[0][0])
    if kind in ("system", "flow"):
        return _narrowed(script, {str(part[1]) for part in gone})
    if kind == "habit":
        return _tamed(script, gone)
    if kind == "pass":
        numbers = {part[1] for part in gone}
        return _with(script, [one for n, one in enumerate(script.passes) if n not in numbers])
    if kind in ("deed", "field"):
        return _with_deeds(script, gone)
    return _with(script, [_calmer(n, passing, gone) for n, passing in enumerate(script.passes)])


def _calmer(number: int, passing: Passing, gone: Sequence[Part]) -> Passing:
    mine = [part for part in gone if part[1] == number]
    faults = [fault for fault in passing.faults if ("fault", number, fault) not in mine]
    names = {str(part[2]) for part in mine if part[0] == "incident"}
    return msgspec.structs.replace(
        passing, faults=faults, crash=0 if "crash" in names else passing.crash,
        anew=passing.anew and "anew" not in names, drift="" if "drift" in names else passing.drift,
        put_back=0 if "put_back" in names else passing.put_back,
    )  # fmt: skip


def _with(script: Script, passes: list[Passing]) -> Script:
    return msgspec.structs.replace(script, passes=passes)


def _with_deeds(script: Script, gone: Sequence[Part]) -> Script:
    dropped = {part[1] for part in gone if part[0] == "deed"}
    fields = {(part[1], part[2]) for part in gone if part[0] == "field"}
    kept: dict[int, Deed] = {}
    for number, _, deed in _all_deeds(script):
        left = {name: value for name, value in deed.fields.items() if (number, name) not in fields}
        if number not in dropped and (left or not deed.fields or deed.op == "add"):
            kept[number] = msgspec.structs.replace(deed, fields=left)
    numbers = iter(range(sum(1 for _ in _all_deeds(script))))
    before = [kept[n] for _, n in zip(script.before, numbers, strict=False) if n in kept]
    passes = []
    for passing in script.passes:
        deeds = [(at, kept[n]) for (at, _), n in zip(passing.deeds, numbers, strict=False) if n in kept]
        passes.append(msgspec.structs.replace(passing, deeds=deeds))
    last = [kept[n] for _, n in zip(script.last, numbers, strict=False) if n in kept]
    return msgspec.structs.replace(script, before=before, passes=passes, last=last)


def _tamed(script: Script, gone: Sequence[Part]) -> Script:
    systems = dict(script.systems)
    for _, system, name in gone:
        usual = getattr(Habits(), str(name))
        systems[str(system)] = msgspec.structs.replace(systems[str(system)], **{str(name): usual})
    return msgspec.structs.replace(script, systems=systems)


def _narrowed(script: Script, names: set[str]) -> Script:
    systems = {name: habits for name, habits in script.systems.items() if name not in names}
    flows = [name for name in script.flows if name not in names]
    if len(systems) < 2 or not flows:  # noqa: PLR2004
        return script

    def known(deed: Deed) -> bool:
        return deed.system in systems and (not deed.flow or deed.flow in flows)

    passes = [
        msgspec.structs.replace(one, deeds=[(at, deed) for at, deed in one.deeds if known(deed)])
        for one in script.passes
    ]
    return msgspec.structs.replace(
        script, systems=systems, flows=flows, passes=passes, before=list(filter(known, script.before)),
        last=list(filter(known, script.last)),
    )  # fmt: skip
