"""Writing sales: each is filled in, created, and moved along its states by Tryton's own buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.systems.tryton.delivery import Job, Sending, created_keys, receipt
from syncline.connectors.systems.tryton.documents import Document
from syncline.connectors.systems.tryton.masters import with_marker
from syncline.connectors.systems.tryton.nested import ListDiff, check_names, exchanged, plain_values, stamps_of
from syncline.connectors.systems.tryton.reading import Reader
from syncline.connectors.systems.tryton.references import References
from syncline.connectors.systems.tryton.resources import LINES, SALE, Rules
from syncline.connectors.systems.tryton.sale_forms import SaleForm, added_by
from syncline.connectors.systems.tryton.session import Fault, FaultKind, Session
from syncline.connectors.systems.tryton.values import at_path, rows_of
from syncline.errors import RejectedError, TransientError
from syncline.model.page import Item, Op, Outcome, Receipt

_MODEL = SALE.model
#: The way of a sale, and the button that leaves each state towards the next.
_WAY = ("draft", "quotation", "confirmed", "processing", "done")
_NEXT = {"draft": "quote", "quotation": "confirm", "confirmed": "process"}
_BACK = {"confirmed": "draft"}  #: a confirmed sale is put back before it can be cancelled
_WISHES = {"quote": "quotation", "confirm": "confirmed", "process": "processing"}
_STEPS = 4  #: most buttons that one change of state presses
#: Fields that may still be written in a state after draft; Tryton itself would take more, and act wrongly on it.
_FREE = frozenset({"reference", "comment"})
_LATER = {"quotation": _FREE | {"sale_date"}}


class _Change(msgspec.Struct, kw_only=True):
    """What an update becomes."""

    values: dict[str, object] = {}
    state: str = ""  #: to be reached by buttons


class SaleWriter:
    """Writes sales, one after the other where their states are concerned."""

    def __init__(self, session: Session, reader: Reader, references: References, rules: Rules) -> None:
        self._session = session
        self._reader = reader
        self._references = references
        self._rules = rules
        self._form = SaleForm(session)
        self._lines = ListDiff(LINES, references, key_field="sequence")

    def write(self, items: Sequence[Item], sending: Sending) -> list[Receipt]:
        """A receipt for every item."""
        creates = [item for item in items if item.op is Op.CREATE]
        others = [item for item in items if item.op is not Op.CREATE]
        receipts = self._created(creates, sending)
        try:
            current = self._reader.by_keys(SALE, [item.key for item in others]) if others else {}
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
            answer = self._session.tell(f"model.{_MODEL}.create", values, send_by=sending.send_by)
            return answer if isinstance(answer, Fault) else created_keys(answer)

        by_ref = {item.ref: item for item in items}
        settled = [self._moved(each, by_ref[each.ref], sending) for each in sending.settle(jobs, send)]
        return receipts + settled

    def _new_job(self, item: Item) -> Job:
        given = self._marked(item)
        check_names(SALE, given)
        values = plain_values(SALE.fields, given, self._references)
        values.pop("state", None)
        header = self._form.header(values)
        lines = [
            self._form.line(self._lines.values(entry), header) for entry in self._lines.entries(given.get("lines"))
        ]
        return Job(item=item, values={**header, "lines": [["create", lines]]} if lines else header)

    def _marked(self, item: Item) -> Mapping[str, object]:
        place = self._rules.marker(SALE)
        return with_marker(item, place) if item.marker and place else item.fields

    def _moved(self, created: Receipt, item: Item, sending: Sending) -> Receipt:
        """Move a new sale on. It exists whatever becomes of that, so a refusal is only told."""
        wish = str(item.fields.get("state") or _WISHES.get(self._rules.confirm, ""))
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
        stamps = stamps_of(SALE, found.row) if item.version is not None else {}
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
            return self._advance(item.key, "cancelled", stamps, sending)
        change = self._change(item, found)
        if change.values:
            method = f"model.{_MODEL}.write"
            answer = self._session.tell(method, [int(item.key)], change.values, send_by=sending.send_by, stamps=stamps)
            sending.has_sent = True
            if isinstance(answer, Fault):
                return answer
            stamps = {}
        return self._advance(item.key, change.state, stamps, sending) if change.state else None

    def _delete(self, item: Item, stamps: Mapping[str, str], sending: Sending) -> Fault | None:
        fault = self._advance(item.key, "cancelled", stamps, sending)
        if fault is not None:
            return fault
        answer = self._session.tell(f"model.{_MODEL}.delete", [int(item.key)], send_by=sending.send_by)
        return answer if isinstance(answer, Fault) else None

    def _change(self, item: Item, found: Document) -> _Change:
        """What differs from the sale as it stands; RejectedError where its state does not allow that any more."""
        check_names(SALE, item.fields)
        state = str(found.fields["state"])
        different = {
            each.name: item.fields[each.name]
            for each in SALE.fields
            if each.name in item.fields and item.fields[each.name] != found.fields[each.name]
        }
        wish = str(different.pop("state", "") or "")
        lines = self._lines.commands(item.fields["lines"], found.row) if "lines" in item.fields else []
        number = found.fields["number"] or found.record.key
        if state != "draft":
            if lines:
                raise _frozen(number, state, "its lines")
            for name in sorted(set(different) - _LATER.get(state, _FREE)):
                raise _frozen(number, state, name)
        values = plain_values(SALE.fields, different, self._references)
        if values.get("party"):
            values = {**self._form.moved(values["party"], found.row), **values}
        if lines:
            values["lines"] = [self._completed(command, {**_header_of(found), **values}, found) for command in lines]
        return _Change(values=values, state=wish)

    def _completed(self, command: list[object], sale: Mapping[str, object], found: Document) -> list[object]:
        """New lines are filled in; a line with another product gets that product's taxes."""
        if command[0] == "create":
            created = command[1] if isinstance(command[1], list) else []
            return ["create", [self._form.line(values, sale) for values in created]]
        changes = command[2] if command[0] == "write" else None
        if not isinstance(changes, dict) or "product" not in changes or "taxes" in changes:
            return command
        [line] = [each for each in _lines_of(found) if [int(str(each["id"]))] == command[1]]
        follows = self._form.follows({"quantity": at_path(line, "quantity"), **changes}, sale)
        taxes = exchanged(line.get("taxes"), added_by(follows.get("taxes")))
        return [*command[:2], {**changes, "taxes": taxes} if taxes else changes]

    def _advance(self, key: str, wish: str, stamps: Mapping[str, str], sending: Sending) -> Fault | None:
        """Press buttons until the state is reached; one that is reached or passed already needs none."""
        for _ in range(_STEPS):
            button = _button(self._state(key), wish)
            if not button:
                return None
            method = f"model.{_MODEL}.{button}"
            answer = self._session.tell(method, [int(key)], send_by=sending.send_by, stamps=stamps)
            sending.has_sent = True
            if isinstance(answer, Fault):
                return answer
            stamps = {}
        return Fault(kind=FaultKind.REFUSED, message=f"The sale does not come to the state {wish!r}.")

    def _state(self, key: str) -> str:
        rows = rows_of(self._session.ask(f"model.{_MODEL}.search_read", [["id", "=", int(key)]], 0, 1, None, ["state"]))
        if not rows:
            raise RejectedError("The sale is no more.")
        return str(rows[0]["state"])


def _button(state: str, wish: str) -> str:
    """The next button on the way from a state to another; "" when nothing is left to do."""
    if state == wish:
        return ""
    if wish == "cancelled":
        return _BACK.get(state, "cancel")
    if wish == "draft":
        return "draft"
    if wish not in _WAY or wish == "done":
        what = f"A sale is not put into the state {wish!r} from outside."
        raise RejectedError(what, cure="Correct the mapping.")
    if state == "cancelled":
        raise RejectedError("The sale is cancelled.", cure="Put it back to draft in Tryton.")
    return "" if _WAY.index(state) > _WAY.index(wish) else _NEXT[state]


def _frozen(number: object, state: str, what: str) -> RejectedError:
    """Tryton would accept it, and then ship and invoice the difference a second time."""
    sentence = f"Sale {number} is in the state {state!r}: {what} can no longer be changed."
    return RejectedError(sentence, cure="Put it back to draft in Tryton, or make another sale.")


def _lines_of(found: Document) -> Sequence[Mapping[str, object]]:
    lines = found.row.get("lines.")
    return lines if isinstance(lines, list) else []


def _header_of(found: Document) -> dict[str, object]:
    """The sale in Tryton's own values, as its form needs them."""
    row = found.row
    currency = at_path(row, "currency.id")
    return {"party": row.get("party"), "currency": currency, "sale_date": row.get("sale_date"), **_also(row)}


def _also(row: Mapping[str, object]) -> dict[str, object]:
    return {name: row.get(name) for name in SALE.also}
