"""A writer who goes on through every fault, as the hub does: what is in doubt is looked for before it is sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from syncline.env import RealEnv
from syncline.errors import TransientError
from syncline.model.page import Batch, Gone, Item, Op, Outcome, Receipt, Record
from syncline.ports.connector import Connector

#: Every fault that does not need a person, at once.
WEATHER: Mapping[str, object] = {
    "rate_429": 0.1, "rate_500_before": 0.05, "rate_500_after": 0.05, "timeout_before_effect": 0.05,
    "timeout_after_effect": 0.05, "late_effect": 0.05, "truncate": 0.05, "html": 0.05, "error_200": 0.05,
    "duplicate": 0.1, "hold_s": 0.02, "late_s": 0.02, "retry_after": 0, "seed": 11,
}  # fmt: skip
_TRIES = 200
_Found = TypeVar("_Found")
_ENV = RealEnv()


class Writer:
    """Somebody who does not give up."""

    def __init__(self, connector: Connector, resource: str) -> None:
        self._connector = connector
        self._resource = resource
        self.doubts = 0

    def create(self, fields: Sequence[Mapping[str, object]], mark: str) -> dict[str, str]:
        """Make these records, each once; marker -> key."""
        waiting = {
            f"{mark}-{place}": Item(ref=place, op=Op.CREATE, fields=one, marker=f"{mark}-{place}", key="")
            for place, one in enumerate(fields)
        }
        made: dict[str, str] = {}
        for _ in range(_TRIES):
            receipts = self._write(list(waiting.values()))
            for marker, item in list(waiting.items()):
                receipt = receipts.get(item.ref)
                found = self._found(marker) if receipt is None or receipt.outcome is Outcome.DOUBT else []
                if receipt is not None and receipt.outcome is Outcome.DONE:
                    made[marker] = receipt.key
                elif found:
                    made[marker] = found[0].key
                else:
                    continue
                del waiting[marker]
            if not waiting:
                return made
        raise AssertionError(f"never done: {list(waiting)}")

    def change(self, wanted: Mapping[str, Mapping[str, object]]) -> None:
        """Change these records, whatever it takes, and never over an edit that was not seen."""
        waiting = dict(wanted)
        for _ in range(_TRIES):
            shown = self.read(list(waiting))
            for key, record in shown.items():
                fields = msgspec.json.decode(record.raw)
                if all(fields[name] == value for name, value in waiting[key].items()):
                    del waiting[key]
            if not waiting:
                return
            self._write([
                Item(ref=place, op=Op.UPDATE, key=key, fields=fields, version=shown[key].version)
                for place, (key, fields) in enumerate(waiting.items())
            ])  # fmt: skip
        raise AssertionError(f"never changed: {list(waiting)}")

    def read(self, keys: Sequence[str]) -> dict[str, Record]:
        """These records, as soon as they can be read."""
        found = self._persist(lambda: self._connector.get(self._resource, keys))
        gone = [one.key for one in found if isinstance(one, Gone)]
        assert gone == []
        return {one.key: one for one in found if isinstance(one, Record)}

    def everything(self) -> dict[str, bytes]:
        """A whole list, begun anew for as long as it breaks off."""

        def listed() -> dict[str, bytes]:
            pages = self._connector.list(self._resource, None)
            return {key: raw for page in pages for key, raw in zip(page.keys, page.raws, strict=True)}

        return self._persist(listed)

    def _found(self, marker: str) -> Sequence[Record]:
        self.doubts += 1
        return self._persist(lambda: self._connector.search(self._resource, "", marker))

    def _write(self, items: Sequence[Item]) -> dict[int, Receipt]:
        batch = Batch(resource=self._resource, items=items, send_by=_ENV.monotonic() + 30)
        return {one.ref: one for one in self._persist(lambda: self._connector.write(batch))}

    def _persist(self, ask: Callable[[], _Found]) -> _Found:
        for _ in range(_TRIES):
            try:
                return ask()
            except TransientError:
                continue
        raise AssertionError("it never answered")
