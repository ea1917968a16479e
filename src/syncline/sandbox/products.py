"""The simulated product management: what it does with products, customers' feedback, features and releases.

Its ids tell nothing. Deletes are soft: the record is null for whoever reads it, and only a list that asks for the
deleted shows it. A writer may name the version it has seen; an external reference is unique among records of a kind.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path

from syncline.sandbox.products_words import KINDS, Kind, empty
from syncline.sandbox.state import Fields, Key, Row, State, encode
from syncline.sandbox.tally import Tally
from syncline.sandbox.wording import Refusal, cleaned, invalid, iso


class Products:
    """The application behind the product management's interface."""

    def __init__(self, path: Path) -> None:
        self.state = State(path, [kind.table for kind in KINDS.values()])
        self.tally = Tally()

    def get(self, resource: str, key: Key) -> Fields:
        """Read one record; one that is deleted is not there."""
        row = self.state.get(resource, key)
        if row is None or not row.listed:
            raise Refusal(404, "not_found", f"There is no {KINDS[resource].type} {key}")
        return row.fields()

    def create(self, resource: str, given: Mapping[str, object], who: str) -> Fields:
        """Write a new record."""
        kind = KINDS[resource]
        if given.get(kind.required) is None:
            raise invalid(kind.required, f"{kind.required} is required")
        after = cleaned(given, kind.cleaners, empty(kind))
        with self.state.transaction():
            self._check(kind, {}, after)
            key = identifier(kind, self.state.next_number(f"id:{resource}"))
            after = {"id": key, "version": 1, **after, "createdAt": iso(self.state.clock.now_ms()), "deletedAt": None}
            self._write(kind, after)
        self.tally.record(resource, "creates", who)
        return after

    def update(
        self, resource: str, key: Key, given: Mapping[str, object], who: str, version: int | None = None
    ) -> Fields:
        """Change the given fields, and what follows from them elsewhere."""
        kind = KINDS[resource]
        before = self._current(resource, key, version)
        after = cleaned(given, kind.cleaners, before)
        self._check(kind, before, after)
        same = after == before
        with self.state.transaction():
            after["version"] = before["version"] + 1
            self._write(kind, after)
            self._follow(resource, key)
        self.tally.record(resource, "unchanged" if same else "updates", who)
        return after

    def delete(self, resource: str, key: Key, who: str, version: int | None = None) -> Fields:
        """Hide a record for good."""
        after = self._current(resource, key, version)
        after["version"] += 1
        after["deletedAt"] = iso(self.state.clock.now_ms())
        with self.state.transaction():
            self._write(KINDS[resource], after)
            self._follow(resource, key)
        self.tally.record(resource, "deletes", who)
        return after

    # --- within ---------------------------------------------------------------

    def _current(self, resource: str, key: Key, version: int | None) -> Fields:
        fields = self.get(resource, key)
        if version not in {None, fields["version"]}:
            message = f"{key} has version {fields['version']} by now"
            raise Refusal(412, "stale", message, current=fields["version"])
        return fields

    def _check(self, kind: Kind, before: Fields, after: Fields) -> None:
        """Refuse ids of what is not there, and an external reference that is taken."""
        for name, resource in kind.points_to.items():
            if after[name] is not None and after[name] != before.get(name):
                row = self.state.get(resource, after[name])
                if row is None or not row.listed:
                    raise invalid(name, f"{name}: there is no {KINDS[resource].type} {after[name]}")
        reference = after["externalRef"]
        if reference and reference != before.get("externalRef"):
            for row in self.state.find(kind.table.name, "externalRef", reference):
                if row.listed and row.key != before.get("id"):
                    raise Refusal(409, "duplicate", f"externalRef {reference} is taken", existing=str(row.key))

    def _write(self, kind: Kind, fields: Fields) -> None:
        now = self.state.clock.now_ms()
        if kind.table.name == "feedback_items":
            fields.update(self._planned(fields))
        fields["updatedAt"] = iso(now)
        self.state.put(kind.table.name, row_of(kind, fields, now))

    def _planned(self, feedback: Fields) -> Fields:
        """What a piece of feedback leads to: a feature, and the release that it can wait for."""
        feature = self._seen("features", feedback["featureId"])
        release = self._seen("releases", feature["releaseId"] if feature else None)
        return {
            "featureTitle": feature["title"] if feature else None,
            "plannedRelease": release["name"] if release else None,
            "plannedOn": release["plannedOn"] if release else None,
        }

    def _seen(self, resource: str, key: Key | None) -> Fields | None:
        row = self.state.get(resource, key) if key is not None else None
        return row.fields() if row is not None and row.listed else None

    def _follow(self, resource: str, key: Key) -> None:
        """Tell the feedback that waits for it what has become of a feature or a release."""
        for row in self._waiting(resource, key):
            feedback = row.fields()
            if self._planned(feedback).items() - feedback.items():
                feedback["version"] += 1
                self._write(KINDS["feedback_items"], feedback)

    def _waiting(self, resource: str, key: Key) -> Iterable[Row]:
        find = self.state.find
        features = [key] if resource == "features" else []
        if resource == "releases":
            features = [row.key for row in find("features", "releaseId", key)]
        for feature in features:
            yield from (row for row in find("feedback_items", "featureId", feature) if row.listed)


def identifier(kind: Kind, count: int) -> str:
    """Make an opaque id."""
    return base64.urlsafe_b64encode(f"{kind.type}:{count:07d}".encode()).decode().rstrip("=")


def row_of(kind: Kind, fields: Fields, changed: int) -> Row:
    """Lay a record out for the disk."""
    return Row(
        key=fields["id"],
        changed=changed,
        body=encode(fields),
        listed=fields["deletedAt"] is None,
        lookups={name: fields[name] or None for name in kind.table.lookups},
    )
