"""A simulated business application: it keeps every version of its records, and behaves as its habits say.

Nothing is ever forgotten here: who made which version, when, and of what. The invariants are asked of that past.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import count

import msgspec

from syncline.model.page import Item, Op, Outcome, Receipt, Record
from syncline.model.values import UNSET, Value, is_empty
from syncline.simulation.past import HUB, ITSELF, Kept, Version, Write
from syncline.simulation.script import Habits
from syncline.simulation.shape import Json, SideShape, encode_record
from syncline.simulation.spelling import respelled, spelled
from syncline.simulation.virtual import EPOCH, NEVER, SECOND, VirtualEnv
from syncline.simulation.webhooks import Outbox

REFUSED = "!"  #: ends a text that the validation rule of an application does not let in
CHANGED, MISSING = "changed meanwhile", "no such record"  #: why a write did nothing
CANARY = "secret of the application"  #: in a field that no mapping names


class Application:
    """One business system."""

    def __init__(self, name: str, habits: Habits, sides: Mapping[str, SideShape], env: VirtualEnv, seed: int) -> None:
        self.name, self.habits, self.sides, self.env = name, habits, sides, env
        self.tables: dict[str, dict[str, Kept]] = {resource: {} for resource in sides}
        self.writes: list[Write] = []
        self.refusals: list[tuple[str, Item]] = []
        self.late: list[tuple[int, str, Item]] = []
        self.chance = random.Random(f"{seed} {name}")  # noqa: S311  a seed repeats
        self.used: dict[str, Kept] = {}  #: idempotency key -> record
        self.outbox = Outbox(name, habits, seed)
        self._keys = count(1)
        self._skew = int(habits.skew * SECOND)
        self._grain = max(1, int(habits.precision * SECOND))

    # --- what is there ------------------------------------------------------------------------------------------------

    def live(self, resource: str) -> Iterator[Kept]:
        """Every record that is there right now."""
        return (kept for kept in self.tables[resource].values() if kept.last.fields is not None)

    def records(self) -> Iterator[tuple[str, Kept]]:
        """(resource, record) of everything that ever was."""
        for resource, table in self.tables.items():
            for newest in table.values():
                kept: Kept | None = newest
                while kept is not None:
                    yield resource, kept
                    kept = kept.former

    def values(self, kept: Kept, version: Version) -> dict[str, Value]:
        """The canonical values of a version."""
        if not version.values and version.fields is not None:
            version.values = kept.side.values(version.fields)
        return version.values

    def shown(self, kept: Kept, version: Version) -> Record:
        """A version as it crosses the wire."""
        if not version.raw:
            marked = {"_marker": kept.marker} if self.habits.marker != "none" else {}
            version.raw = encode_record({"id": kept.key, **marked, **(version.fields or {})})
        number = None if self.habits.locking == "none" else self._version_name(kept, version)
        return Record(key=kept.key, raw=version.raw, version=number, stamp=version.stamp if self.habits.stamped else 0)

    def _version_name(self, kept: Kept, version: Version) -> str:
        number = kept.numbered_from + version.number
        return str(number) if self.habits.locking == "version" else f'W/"{number * 7919:x}"'

    # --- its own rules ------------------------------------------------------------------------------------------------

    def stored(self, side: SideShape, name: str, value: Value) -> Value:
        """What becomes of a canonical value that is entered."""
        kind = self.habits.normalisers.get(name)
        return spelled(kind, value) if kind and name in side.fields else value

    def refuses(self, side: SideShape, record: Json) -> bool:
        """Does the validation rule refuse this record?"""
        return self.habits.rejects and any(
            isinstance(value, str) and value.endswith(REFUSED) for value in side.values(record).values()
        )

    def insert(self, resource: str, fields: Json, *, by: str, who: int, item: Item | None = None) -> Kept:
        """A new record."""
        former = self._to_reuse(resource, by)
        if former:
            self.outbox.counts[f"reuse by {'the hub' if by == HUB else 'people'}"] += 1
        kept = Kept(
            key=former.key if former else f"{self.name[0].upper()}{next(self._keys)}", side=self.sides[resource],
            who=who, marker=item.marker if item else "", by_hub=item is not None, former=former,
        )  # fmt: skip
        self.tables[resource][kept.key] = kept
        self.keep(kept, {**fields, "internal": f"{CANARY} {kept.key}"}, by, None)
        return kept

    def _to_reuse(self, resource: str, by: str) -> Kept | None:
        """The record whose key is given again: the one that was deleted last."""
        if self.habits.reuses == "never" or (self.habits.reuses == "people" and by == HUB):
            return None
        gone = (one for one in self.tables[resource].values() if one.last.fields is None and not one.merged_into)
        return max(gone, key=lambda one: one.last.at, default=None)

    def keep(self, kept: Kept, fields: Json | None, by: str, touched: frozenset[str] | None) -> Version:
        """A new version of a record, as the application stores it."""
        env, habits = self.env, self.habits
        env.at += 1
        if fields is not None and by != ITSELF:
            fields = respelled(kept.side, habits.normalisers, fields)
        stamp = (env.at + self._skew) // self._grain * self._grain + EPOCH
        lag = self.chance.randint(0, int(habits.lag * SECOND)) if habits.lag else 0
        version = Version(
            fields, at=env.at, who=by, touched=touched or frozenset(), listed=env.at + lag,
            number=len(kept.versions) + 1, stamp=stamp,
        )  # fmt: skip
        before = kept.versions[-1] if kept.versions else None
        kept.versions.append(version)
        self.outbox.tell(env.at, kept.side.resource, kept.key)
        if fields is not None and touched is None:
            version.touched = frozenset(self.values(kept, version))
        self._run_workflow(kept, before, version)
        return version

    def _run_workflow(self, kept: Kept, before: Version | None, version: Version) -> None:
        """A rule of the application's own: one field follows another. The classic source of loops."""
        cause, effect = self.habits.workflow
        if not cause or effect not in kept.side.fields or before is None or version.fields is None:
            return
        now, was = self.values(kept, version).get(cause), self.values(kept, before).get(cause)
        if now == was or not isinstance(now, str) or is_empty(now):
            return
        value = f"w{now[1:5]}"
        if version.values.get(effect) != value:
            fields = {**version.fields, **kept.side.words({effect: value}, version.fields)}
            self.keep(kept, fields, ITSELF, frozenset([effect]))

    # --- what the hub does --------------------------------------------------------------------------------------------

    def next_late(self) -> int:
        """When a request that everybody has given up on takes effect [µs]."""
        return min((at for at, _, _ in self.late), default=NEVER)

    def land_late(self) -> None:
        """Such requests take effect."""
        for one in [one for one in self.late if one[0] <= self.env.at]:
            self.late.remove(one)
            self.perform(one[1], one[2])

    def perform(self, resource: str, item: Item) -> Receipt:
        """One item, for good."""
        if item.op is Op.CREATE:
            return self._create(resource, item)
        kept = self.tables[resource].get(item.key)
        if kept is None or kept.last.fields is None:
            return Receipt(ref=item.ref, outcome=Outcome.GONE, message=MISSING)
        before = kept.last
        if self.habits.locking != "none" and item.version not in (None, self._version_name(kept, before)):
            return Receipt(ref=item.ref, outcome=Outcome.STALE, message=CHANGED)
        if item.op is not Op.UPDATE:
            after = self.keep(kept, None, HUB, frozenset())
            self._note(resource, kept, item, before, after)
            return Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)
        return self._update(resource, kept, item)

    def _update(self, resource: str, kept: Kept, item: Item) -> Receipt:
        before = kept.last
        fields = {**(before.fields or {}), **_json(item.fields)}
        if self.refuses(kept.side, fields):
            return self._refuse(resource, item)
        after = self.keep(kept, fields, HUB, frozenset(item.fields))
        self._note(resource, kept, item, before, after)
        return self._done(item, kept)

    def _create(self, resource: str, item: Item) -> Receipt:
        again = self.used.get(item.idempotency) if self.habits.idempotent else None
        if again is not None:
            return self._done(item, again)
        if self.habits.upsert and item.marker:
            for kept in self.live(resource):
                if kept.marker == item.marker:
                    return self._update(resource, kept, item)
        fields = _json(item.fields)
        if self.refuses(self.sides[resource], fields):
            return self._refuse(resource, item)
        kept = self.insert(resource, fields, by=HUB, who=0, item=item)
        if self.habits.idempotent:
            self.used[item.idempotency] = kept
        self._note(resource, kept, item, None, kept.versions[0])
        return self._done(item, kept)

    def _refuse(self, resource: str, item: Item) -> Receipt:
        self.refusals.append((resource, item))
        return Receipt(ref=item.ref, outcome=Outcome.REFUSED, message="the validation rule says no")

    def _note(self, resource: str, kept: Kept, item: Item, before: Version | None, after: Version) -> None:
        self.writes.append(
            Write(
                at=self.env.at, system=self.name, resource=resource, key=kept.key, kept=kept, op=item.op, item=item,
                before=before, after=after,
            )
        )  # fmt: skip

    def _done(self, item: Item, kept: Kept) -> Receipt:
        if kept.last.fields is None:  # a repeated create whose record is gone by now
            return Receipt(ref=item.ref, outcome=Outcome.DONE, key=kept.key)
        record = self.shown(kept, kept.last)
        body = record.raw if self.habits.read_back == "body" else None
        return Receipt(
            ref=item.ref, outcome=Outcome.DONE, key=kept.key, raw=body, version=record.version, stamp=record.stamp
        )


def _json(fields: Mapping[str, object]) -> Json:
    """Fields as they come out of the wire."""
    return msgspec.json.decode(encode_record(fields), type=dict[str, object])


def same(left: object, right: object) -> bool:
    """Are two canonical values the same to a person? What is absent, null or empty is the same nothing."""
    return left == right or (_nothing(left) and _nothing(right))


def _nothing(value: object) -> bool:
    return value is UNSET or is_empty(value)  # type: ignore[arg-type]
