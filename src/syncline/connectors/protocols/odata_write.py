"""Writing to an OData service, one entity per request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.protocols.answers import Result, failed
from syncline.connectors.protocols.odata_call import Call
from syncline.connectors.protocols.odata_multipart import Part
from syncline.connectors.protocols.odata_results import Results
from syncline.connectors.protocols.odata_values import address_of
from syncline.connectors.protocols.request import Request
from syncline.errors import RejectedError, SynclineError
from syncline.model.contract import ReadBack
from syncline.model.page import Item, Op, Outcome, Receipt

encode = msgspec.json.Encoder(decimal_format="number").encode
VERBS = {Op.CREATE: "create", Op.UPDATE: "update", Op.DELETE: "delete", Op.ARCHIVE: "archive"}


class Forms:
    """Items as the writes that the service understands."""

    def __init__(self, *, call: Call, read_back: ReadBack) -> None:
        self._call = call
        self._service = call.service
        self._prefer = "return=representation" if read_back is ReadBack.BODY else "return=minimal"

    def part(self, item: Item, name: str = "") -> Part:
        """One write.

        Raises:
            RejectedError: This item cannot be said in OData, or is not offered.
            KeyError: No entity can have this key.
        """
        resource = self._call.resource
        if VERBS[item.op] not in resource.write:
            msg = f"{self._service.system}.{self._call.name} offers no {VERBS[item.op]}."
            raise RejectedError(msg, cure=f"Name it in {self._call.setting}.write.")
        method, path = self._way(item)
        fields = self._fields(item)
        is_imported = item.op is Op.ARCHIVE and bool(resource.archive.action) and self._service.version == "v2"
        has_body = item.op is not Op.DELETE and not is_imported
        headers = {"Accept": self._service.json, **self._conditions(item)}
        if has_body:
            headers["Content-Type"] = self._service.json
        return Part(
            name=name,
            method=method,
            address=self._service.address(path).removeprefix("/"),
            headers=headers,
            body=encode(fields) if has_body else None,
        )

    def _way(self, item: Item) -> tuple[str, str]:
        """Method and path."""
        resource, version = self._call.resource, self._service.version
        if item.op is Op.CREATE:
            return "POST", resource.set
        try:
            key = address_of(item.key, self._call.entity, version)
        except ValueError:
            raise KeyError(item.key) from None
        path = f"{resource.set}{key}"
        if item.op is Op.DELETE:
            return "DELETE", path
        action = resource.archive.action
        if item.op is Op.ARCHIVE and action:
            return ("POST", f"{path}/{action}") if version == "v4" else ("POST", self._imported(action, key))
        return self._service.options.update or ("PATCH" if version == "v4" else "MERGE"), path

    def _imported(self, action: str, key: str) -> str:
        """A function import of version 2, whose parameters are the parts of the key."""
        names = self._call.entity.keys
        inner = key[1:-1] if len(names) > 1 else f"{names[0]}={key[1:-1]}"
        return f"{action}?{inner.replace(',', '&')}"

    def _conditions(self, item: Item) -> dict[str, str]:
        headers = {"Prefer": self._prefer} if self._service.version == "v4" else {}
        if item.op is Op.CREATE:
            return headers
        if item.op is Op.DELETE:
            headers.pop("Prefer", None)  # there is nothing to return
        # Without a version a write is still one of an entity that is there: an update must not make a new one.
        if item.version and self._call.resource.etag:
            headers["If-Match"] = item.version
        elif self._service.version == "v4" or self._call.resource.etag:
            headers["If-Match"] = "*"
        return headers

    def _fields(self, item: Item) -> Mapping[str, object]:
        resource = self._call.resource
        if item.op is Op.ARCHIVE:
            given = {} if resource.archive.action else {**resource.archive.fields, **item.fields}
        elif self._service.options.update == "PUT" and item.op is Op.UPDATE:
            given = {**self._whole(item), **item.fields}
        else:
            given = dict(item.fields)
        nested = [name for name in given if name in self._call.entity.ways and item.op is not Op.CREATE]
        if nested and self._service.version == "v2":
            msg = f"{self._service.system}.{self._call.name}: version 2 changes no {nested[0]} with its parent."
            raise RejectedError(msg, cure=f"Give {nested[0]} a resource of its own.")
        marker = resource.marker
        if marker and item.op is Op.CREATE and item.marker:
            given[marker.field] = item.marker
        return self._service.bodies.sent(given, self._call.entity)

    def _whole(self, item: Item) -> Mapping[str, object]:
        if item.current is None:
            msg = f"{self._service.system}.{self._call.name} wants whole records, and {item.key} was not read before."
            raise RejectedError(msg)
        current = msgspec.json.decode(item.current, type=dict[str, object])
        return {name: value for name, value in current.items() if name not in self._call.entity.ways}

    def unsendable(self, item: Item, error: RejectedError | KeyError) -> Result:
        """The receipt for an item that was never sent."""
        if isinstance(error, RejectedError):
            return failed(item, error)
        text = f"{self._service.system}.{self._call.name}: no record can have the key {item.key!r}."
        return Receipt(ref=item.ref, outcome=Outcome.GONE, key=item.key, message=text)


class Singles:
    """Writing one entity per request."""

    def __init__(self, *, call: Call, forms: Forms, results: Results) -> None:
        self._service = call.service
        self._forms = forms
        self._results = results

    def write(self, items: Sequence[Item], send_by: float) -> list[Result]:
        """Send every item, several at a time."""
        results: list[Result] = []
        sent: list[tuple[Item, Request]] = []
        for item in items:
            try:
                part = self._forms.part(item)
            except (RejectedError, KeyError) as error:
                results.append(self._forms.unsendable(item, error))
                continue
            request = Request(
                method=part.method, path=f"/{part.address}", headers=part.headers, body=part.body, send_by=send_by
            )
            sent.append((item, request))
        try:
            answers = self._service.send_all([request for _, request in sent]) if sent else []
        except SynclineError as error:  # no token: nothing was sent
            return [*results, *(failed(item, error) for item, _ in sent)]
        results += [self._results.single(item, answer) for (item, _), answer in zip(sent, answers, strict=True)]
        return results
