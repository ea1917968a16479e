"""What became of one item, read off the reply to its mutation: errors, unions of errors, lists of what was wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from syncline.connectors.protocols.answers import OUTCOMES, Barred, Result, duplicate
from syncline.connectors.protocols.graphql_call import Call
from syncline.connectors.protocols.graphql_document import alias
from syncline.connectors.protocols.graphql_options import Fate, Writing
from syncline.connectors.protocols.graphql_reply import Error, Reply
from syncline.connectors.protocols.paths import find, text_of
from syncline.connectors.protocols.rest_page import Reader, raw_at
from syncline.errors import SetupError
from syncline.model.contract import ReadBack
from syncline.model.page import Item, Op, Outcome, Receipt, Record

_TYPENAME = re.compile(rb'\A\{\s*"__typename"\s*:\s*"\w+"\s*,\s*')


class Results:
    """Receipts out of replies, for one resource."""

    def __init__(
        self, *, call: Call, reader: Reader, read_back: ReadBack, find_marked: Callable[[str], Sequence[Record]]
    ) -> None:
        self._call = call
        self._api = call.api
        self._reader = reader
        self._read_back = read_back
        self._find_marked = find_marked

    def told(self, item: Item, write: Writing, reply: Reply, place: int) -> Result:
        """The receipt for an item by the answer under its alias."""
        shown, errors = reply.data.get(alias(place)), reply.about(alias(place))
        own = [error for error in errors if error.path]
        if shown is not None:  # with an error of its own, a part of the answer could not be shown
            return self.shown(item, write, shown, whole=not own)
        is_beyond = any(len(error.path) > 1 for error in own)  # it was done, and its answer failed above all of it
        if not is_beyond and (own or self._api.meaning.knows(errors)):
            return self.refused(item, reply, own or errors)
        if not reply.errors and item.op is Op.DELETE and not write.done:
            return Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)
        if not reply.errors and item.op is not Op.CREATE:
            text = f"{self._api.system} answered nothing for {self._call.name} {item.key}."
            return Receipt(ref=item.ref, outcome=Outcome.GONE, key=item.key, message=text)
        text = f"{self._api.system} did not say what became of a mutation."
        return Receipt(ref=item.ref, outcome=Outcome.DOUBT, key=item.key, message=text)

    def shown(self, item: Item, write: Writing, shown: bytes, *, whole: bool = True) -> Result:
        """The receipt for an answer: the record, or an error in its place. `whole`: nothing of it was nulled."""
        answer = msgspec.json.decode(shown)
        kind = text_of(find(answer, "__typename"))
        is_wrong = self._api.meaning.is_known(kind) or (bool(write.done) and kind not in write.done)
        said = find(answer, self._api.options.errors.user_errors) if self._api.options.errors.user_errors else None
        if isinstance(said, list) and said:
            return self._listed(item, said)
        if said is None and self._api.options.errors.user_errors and not whole and not is_wrong:
            text = f"{self._api.system} could not show whether a mutation was refused."
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, key=item.key, message=text)
        if write.done_when and not is_wrong:
            kind = text_of(find(answer, write.done_when.field))
            is_wrong = not write.done_when.holds(find(answer, write.done_when.field))
        if not is_wrong:
            return self._done(item, write, shown, whole=whole)
        message = text_of(find(answer, self._api.options.errors.message))
        return self._by_fate(item, self._api.meaning.of_type(kind), f"{message} ({kind})".strip(), None)

    def _listed(self, item: Item, said: Sequence[object]) -> Result:
        """What was wrong, as a list beside the answer; the code of the first decides."""
        texts = [text_of(find(one, self._api.options.errors.message)) for one in said]
        codes = [text_of(find(one, "code")) for one in said]
        errors = [Error(message=text, code=code) for text, code in zip(texts, codes, strict=True)]
        return self._by_fate(item, self._api.meaning.of(errors), self._api.said(errors), None)

    def refused(self, item: Item, reply: Reply, errors: Sequence[Error]) -> Result:
        """The receipt for an item that errors have refused."""
        wait = self._api.wait(reply, errors)
        return self._by_fate(item, self._api.meaning.of(errors), self._api.said(errors), wait)

    def _by_fate(self, item: Item, fate: Fate, words: str, wait: float | None) -> Result:
        words = self._api.wire.hide(words)
        if fate in {"login", "setup"}:
            what = f"{self._api.system} does not allow this: {words}."
            cure = f"Check {self._call.setting}.write.{item.op.name.lower()} and the rights of the account."
            return Barred(ref=item.ref, error=SetupError(what, cure=cure))
        if fate == "duplicate":
            return self._duplicate(item, words)
        outcome = OUTCOMES[fate]
        if item.op is Op.CREATE and outcome in {Outcome.GONE, Outcome.STALE}:
            outcome = Outcome.REFUSED  # what is gone or stale is something that the new record points to
        pause = (wait or 0.0) if outcome is Outcome.BUSY else 0.0
        return Receipt(ref=item.ref, outcome=outcome, key=item.key, message=words or fate, wait=pause)

    def _done(self, item: Item, write: Writing, shown: bytes, *, whole: bool) -> Receipt:
        raw = raw_at(shown, write.record)
        if raw is not None and "__typename" not in self._call.resource.fields:
            raw = _TYPENAME.sub(b"{", raw)  # it was asked for to tell an error from a record, and no list shows it
        record = None
        if raw is not None and item.op is not Op.DELETE:
            try:
                record = self._reader.record(raw)
            except ValueError:  # no whole record: the key alone may be enough
                record = None
        key = text_of(find(msgspec.json.decode(shown), write.shown)) if write.shown else ""
        found = item.key or (record.key if record else key)
        if not found:
            text = f"{self._api.system} has created a record and does not say which."
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, message=text)
        keeps = whole and record is not None and self._read_back is ReadBack.BODY
        return Receipt(
            ref=item.ref,
            outcome=Outcome.DONE,
            key=found,
            raw=record.raw if record and keeps else None,
            version=record.version if record else None,
            stamp=record.stamp if record else 0,
        )

    def _duplicate(self, item: Item, words: str) -> Receipt:
        """The system has this record already: it is ours if it carries our marker, whoever else's otherwise."""
        marker = self._call.resource.marker
        ours = (lambda: next(iter(self._find_marked(item.marker)), None)) if marker and marker.search else None
        return duplicate(item, words, ours, keeps=self._read_back is ReadBack.BODY)
