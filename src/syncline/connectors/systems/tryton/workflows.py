"""Writing documents with states: each is filled in, created, and moved along its way by Tryton's own buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.systems.tryton.delivery import Job, Sending, created_keys, receipt
from syncline.connectors.systems.tryton.documents import Document
from syncline.connectors.systems.tryton.fields import Collection, Resource, Rules
from syncline.connectors.systems.tryton.forms import Form, added_by
from syncline.connectors.systems.tryton.masters import with_marker
from syncline.connectors.systems.tryton.nested import ListDiff, check_names, exchanged, plain_values, stamps_of
from syncline.connectors.systems.tryton.reading import Reader
from syncline.connectors.systems.tryton.references import References
from syncline.connectors.systems.tryton.session import Fault, FaultKind, Session
from syncline.connectors.systems.tryton.values import at_path, children_at, rows_of
from syncline.connectors.systems.tryton.ways import Way, button_towards
from syncline.errors import RejectedError, TransientError
from syncline.model.page import Item, Op, Outcome, Receipt


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """One resource whose documents have states."""

    resource: Resource
    way: Way
    form: Form
    lines: Collection | None = None  #: that the hub writes


class _Change(msgspec.Struct, kw_only=True):
    """What an update becomes."""

    values: dict[str, object] = {}
    state: str = ""  #: to be reached by buttons


class WorkflowWriter:
    """Writes documents of one resource, one after the other where their states are concerned."""

    def __init__(
        self, session: Session, reader: Reader, references: References, rules: Rules, process: Process
    ) -> None:
        self._session = session
        self._reader = reader
        self._references = references
        self._rules = rules
        self._resource, self._way, self._form = process.resource, process.way, process.form
        self._model = process.resource.model
        self._lines = ListDiff(process.lines, references, key_field="sequence") if process.lines else None

    def write(self, items: Sequence[Item], sending: Sending) -> list[Receipt]:
        """A receipt for every item."""
        creates = [item for item in items if item.op is Op.CREATE]
        others = [item for item in items if item.op is not Op.CREATE]
        receipts = self._created(creates, sending)
        try:
            current = self._reader.by_keys(self._resource, [item.key for item in others]) if others else {}
        except (TransientError, RejectedError) as error:
            return receipts + sending.unread(others, error)
        return receipts + [self._changed(item, current.get(item.key), sending) for item in others]

    def _created(self, items: Sequence[Item], sending: Sending) -> list[Receipt]:
        jobs: list[Job] = []
        receipts: list[Receipt] = []
        for item in items:
            ready = sending.attempt_one(item, self._new_job)
            if isinstance(ready, Job):
                jobs.append(ready)
            else:
                receipts.append(ready)

        def send(some: Sequence[Job]) -> Sequence[str] | Fault:
            values = [job.values for job in some]
            answer = self._session.tell(f"model.{self._model}.create", values, send_by=sending.send_by)
            return answer if isinstance(answer, Fault) else created_keys(answer)

        by_ref = {item.ref: item for item in items}
        settled = [self._moved(each, by_ref[each.ref], sending) for each in sending.settle(jobs, send)]
        return receipts + settled

    def _new_job(self, item: Item) -> Job:
        if not self._resource.creatable:
            raise RejectedError(f"{self._way.what} is made by Tryton itself.", cure="Do not create it from outside.")
        given = self._marked(item)
        check_names(self._resource, given)
        values = plain_values(self._resource.fields, given, self._references)
        values.pop("state", None)
        header = self._form.header(values)
        entries = self._lines.entries(given.get("lines")) if self._lines else ()
        lines = [self._form.line(self._lines.values(entry), header) for entry in entries] if self._lines else []
        return Job(item=item, values={**header, "lines": [["create", lines]]} if lines else header)

    def _marked(self, item: Item) -> Mapping[str, object]:
        place = self._rules.marker(self._resource)
        return with_marker(item, place) if item.marker and place else item.fields

    def _moved(self, created: Receipt, item: Item, sending: Sending) -> Receipt:
        """Move a new document on. It exists whatever becomes of that, so a refusal is only told."""
        wish = str(item.fields.get("state") or self._rules.advance.get(self._resource.name, ""))
        if created.outcome is not Outcome.DONE or not wish:
            return created
        answer = sending.attempt([item], lambda: self._advance(created.key, wish, {}, sending) or ())
        problem = answer.message if isinstance(answer, Fault) else answer[0].message if isinstance(answer, list) else ""
        return receipt(item, Outcome.DONE, key=created.key, message=problem)

    def _changed(self, item: Item, found: Document | None, sending: Sending) -> Receipt:
        if found is None:
            return receipt(item, Outcome.GONE)
        if item.version is not None and item.version != found.record.version:
            return receipt(item, Outcome.STALE, message="It was changed since it was read.")
        stamps = stamps_of(self._resource, found.row) if item.version is not None else {}
        answer = sending.attempt([item], lambda: self._apply(item, found, stamps, sending) or ())
        if isinstance(answer, list):
            return answer[0]
        if isinstance(answer, Fault):
            outcome = Outcome.STALE if answer.kind is FaultKind.STALE else Outcome.REFUSED
            return receipt(item, outcome, message=answer.message)
        return receipt(item, Outcome.DONE)

    def _apply(self, item: Item, found: Document, stamps: Mapping[str, str], sending: Sending) -> Fault | None:
        if item.op is Op.DELETE:
            return self._delete(item, stamps, sending)
        if item.op is Op.ARCHIVE:
            return self._advance(item.key, self._way.archived, stamps, sending)
        change = self._change(item, found)
        if change.values:
            method = f"model.{self._model}.write"
            answer = self._session.tell(method, [int(item.key)], change.values, send_by=sending.send_by, stamps=stamps)
            sending.has_sent = True
            if isinstance(answer, Fault):
                return answer
            stamps = {}
        return self._advance(item.key, change.state, stamps, sending) if change.state else None

    def _delete(self, item: Item, stamps: Mapping[str, str], sending: Sending) -> Fault | None:
        if not self._resource.deletable:
            raise RejectedError(f"{self._way.what} is not deleted here.", cure="Archive it.")
        fault = self._advance(item.key, self._way.archived, stamps, sending)
        if fault is not None:
            return fault
        answer = self._session.tell(f"model.{self._model}.delete", [int(item.key)], send_by=sending.send_by)
        return answer if isinstance(answer, Fault) else None

    def _change(self, item: Item, found: Document) -> _Change:
        """What differs from the document as it stands; RejectedError where its state does not allow that any more."""
        check_names(self._resource, item.fields)
        state = str(found.fields["state"])
        different = {
            each.name: item.fields[each.name]
            for each in self._resource.fields
            if each.name in item.fields and item.fields[each.name] != found.fields[each.name]
        }
        wish = str(different.pop("state", "") or "")
        lines = self._line_commands(item, found)
        if lines and not self._way.may_write(state, "lines"):
            raise self._frozen(found, state, "its lines")
        for name in sorted(different):
            if not self._way.may_write(state, name):
                raise self._frozen(found, state, name)
        values = plain_values(self._resource.fields, different, self._references)
        if values:
            values = {**self._form.changed(values, found.row), **values}
        if lines:
            document = {**self._form.known(found.row), **values}
            values["lines"] = [self._completed(command, document, found) for command in lines]
        return _Change(values=values, state=wish)

    def _line_commands(self, item: Item, found: Document) -> list[list[object]]:
        wanted = self._lines is not None and "lines" in item.fields
        return self._lines.commands(item.fields["lines"], found.row) if wanted and self._lines else []

    def _completed(self, command: list[object], document: Mapping[str, object], found: Document) -> list[object]:
        """New lines are filled in; a line with another product gets that product's taxes."""
        if command[0] == "create":
            created = command[1] if isinstance(command[1], list) else []
            return ["create", [self._form.line(values, document) for values in created]]
        changes = command[2] if command[0] == "write" else None
        if not isinstance(changes, dict) or "product" not in changes or "taxes" in changes:
            return command
        [line] = [each for each in children_at(found.row, "lines") if [int(str(each["id"]))] == command[1]]
        follows = self._form.follows({"quantity": at_path(line, "quantity"), **changes}, document)
        taxes = exchanged(line.get("taxes"), added_by(follows.get("taxes")))
        return [*command[:2], {**changes, "taxes": taxes} if taxes else changes]

    def _advance(self, key: str, wish: str, stamps: Mapping[str, str], sending: Sending) -> Fault | None:
        """Press buttons until the state is reached; one that is reached or passed already needs none."""
        state = self._state(key)
        for _ in range(len(self._way.states) + 1):
            button = button_towards(self._way, state, wish)
            if not button:
                return None
            method = f"model.{self._model}.{button}"
            answer = self._session.tell(method, [int(key)], send_by=sending.send_by, stamps=stamps)
            sending.has_sent = True
            if isinstance(answer, Fault):
                return answer
            before, state, stamps = state, self._state(key), {}
            if state == before:
                what = f"{self._way.what} stays in the state {state!r}: Tryton's {button!r} could not move it."
                return Fault(kind=FaultKind.REFUSED, message=what)
        return Fault(kind=FaultKind.REFUSED, message=f"{self._way.what} does not come to the state {wish!r}.")

    def _state(self, key: str) -> str:
        method = f"model.{self._model}.search_read"
        rows = rows_of(self._session.ask(method, [["id", "=", int(key)]], 0, 1, None, ["state"]))
        if not rows:
            raise RejectedError(f"{self._way.what} is no more.")
        return str(rows[0]["state"])

    def _frozen(self, found: Document, state: str, name: str) -> RejectedError:
        """Tryton would accept much of it, and act wrongly on it."""
        number = found.fields.get("number") or found.record.key
        sentence = f"{self._way.what} {number} is in the state {state!r}: {name} can no longer be changed."
        return RejectedError(sentence, cure="Put it back to the beginning in Tryton, or make another one.")
