"""The part of a probe that writes: to one record that a person named, whose former value comes back.

It changes a single text field, watches what the system makes of it, and what a stale write does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from syncline.app.measures import Measure, Subject
from syncline.errors import RejectedError, SetupError, SynclineError
from syncline.merging import explain
from syncline.model.contract import Locking
from syncline.model.page import Batch, Cursor, Item, Op, Outcome, Receipt, Record

_LOOKS = 40  #: tries to see a write in the list
_PAUSE = 0.25  #: between two of them [s]


@dataclass(slots=True, kw_only=True)
class Scratch:
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
