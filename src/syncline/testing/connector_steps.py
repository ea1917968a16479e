"""Steps that tests of connectors share: write one record, read them all, compare.

They speak the connector port only, so that they work for every connector.
"""

# ruff: noqa: S101  a step of a test asserts

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from syncline.env import RealEnv
from syncline.model.page import Batch, Cursor, Item, Op, Outcome, Receipt, Record
from syncline.ports.connector import Connector

_ENV = RealEnv()  # a system under test is real, and so is its time


def needs(claimed: object, what: str) -> None:
    """Skip the test where the contract does not claim this."""
    if not claimed:
        pytest.skip(f"the contract does not claim {what}")


def new_item(fields: Mapping[str, object], *, marker: str = "", idempotency: str = "") -> Item:
    """A create, with a marker and a token of its own unless they are given."""
    marker, idempotency = marker or _ENV.new_id(), idempotency or _ENV.new_id()
    return Item(ref=7, op=Op.CREATE, fields=fields, marker=marker, idempotency=idempotency)


def written(connector: Connector, resource: str, items: Sequence[Item], *, within: float = 30.0) -> Sequence[Receipt]:
    """Write a batch that may leave within so many seconds."""
    return connector.write(Batch(resource=resource, items=items, send_by=_ENV.monotonic() + within))


def create(
    connector: Connector, resource: str, fields: Mapping[str, object], *, marker: str = "", idempotency: str = ""
) -> Receipt:
    """Create one record that the system takes."""
    receipt = written(connector, resource, [new_item(fields, marker=marker, idempotency=idempotency)])[0]
    assert receipt.outcome is Outcome.DONE, receipt.message
    assert receipt.key
    return receipt


def update(
    connector: Connector, resource: str, key: str, fields: Mapping[str, object], version: str | None = None
) -> Receipt:
    """Change one record."""
    read = connector.get(resource, [key])[0]
    current = read.raw if isinstance(read, Record) else None
    item = Item(ref=8, op=Op.UPDATE, key=key, fields=fields, version=version, current=current)
    return written(connector, resource, [item])[0]


def everything(connector: Connector, resource: str) -> dict[str, bytes]:
    """A full read: key -> raw."""
    return {key: raw for page in connector.list(resource, None) for key, raw in zip(page.keys, page.raws, strict=True)}


def last_cursor(connector: Connector, resource: str, since: Cursor | None) -> Cursor:
    """Where a read comes to its end."""
    cursors = [page.cursor for page in connector.list(resource, since) if page.cursor is not None]
    assert cursors, "an incremental read must end with a cursor"
    return cursors[-1]


def raw_of(connector: Connector, resource: str, key: str) -> bytes:
    """The record as it is now."""
    record = connector.get(resource, [key])[0]
    assert isinstance(record, Record)
    return record.raw


def decoded(connector: Connector, resource: str, key: str) -> Mapping[str, object]:
    """The record's fields as they are now."""
    return msgspec.json.decode(raw_of(connector, resource, key), type=dict[str, object])
