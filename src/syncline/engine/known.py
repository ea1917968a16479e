"""A record and the entity that it is: what is left to do is to merge it."""

from __future__ import annotations

from collections.abc import Mapping, Set

import msgspec

from syncline.engine.codec import Pending
from syncline.model.state import Link
from syncline.model.values import Value


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One record and the entity that it is."""

    key: str
    eid: int
    values: Mapping[int, Value]
    print: bytes
    version: str | None
    stamp: int
    link: Link | None  #: None at first sight
    pending: Pending = {}
    how: str = ""  #: how it was linked, for the audit
    exact: bool = False  #: read by key
    stale: Set[int] = frozenset()  #: positions that show a former key of their parent
