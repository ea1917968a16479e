"""Settings that all protocols on HTTP share: times of the wire, the request budget, promises laid over a contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

from syncline.connectors.protocols.options import Pairs
from syncline.connectors.protocols.request import WireSettings
from syncline.merging import NAMES, is_normaliser
from syncline.model.contract import Contract, Deletes, ReadBack


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about the system that cannot be read off the other options. Times in seconds; None: the usual caution."""

    precision: float | None = None
    lag: float | None = None
    settle: float | None = None
    effect: float | None = None
    skew: float | None = None
    read_back: Literal["body", "get", "verbatim"] | None = None
    deletes: Literal["tombstones", "sweep"] | None = None  #: sweep: tombstones do not tell of every delete
    normalisers: Pairs = {}


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """The request budget."""

    per_second: float = 50.0
    burst: int = 50
    reserve: float = 0.2


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait [s]."""

    connect: float = 10.0
    read: float = 30.0
    total: float = 60.0


class _Reached(Protocol):
    """Options that say how a system is reached."""

    @property
    def timeout(self) -> Timeouts | float: ...

    @property
    def response_limit(self) -> int: ...

    @property
    def ca_file(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


def wire_settings(options: _Reached) -> WireSettings:
    """The wire as the options want it."""
    given = options.timeout
    timeouts = given if isinstance(given, Timeouts) else Timeouts(read=given, total=given, connect=min(given, 10.0))
    return WireSettings(
        connect=timeouts.connect,
        read=timeouts.read,
        total=timeouts.total,
        response_limit=options.response_limit,
        ca_file=options.ca_file,
        headers=options.headers,
    )


class Facts(Protocol):
    """What a person promises; each protocol says which of it may be said, and may allow less."""

    @property
    def read_back(self) -> str | None:
        """How our write is seen again."""
        ...

    @property
    def deletes(self) -> str | None:
        """What tells of deletes."""
        ...

    @property
    def normalisers(self) -> Mapping[str, str]:
        """Field -> what the system does to its values."""
        ...


def promised(contract: Contract, promise: Facts) -> Contract:
    """The contract with what a person promises about the system."""
    times = {
        name: value
        for name in ("precision", "lag", "settle", "effect", "skew")
        if (value := getattr(promise, name)) is not None
    }
    return replace(
        contract,
        **times,
        deletes=Deletes(promise.deletes) if promise.deletes else contract.deletes,
        read_back=ReadBack(promise.read_back) if promise.read_back else contract.read_back,
        normalisers={**contract.normalisers, **promise.normalisers},
    )


def promise_problems(at: str, promise: Facts) -> Iterator[tuple[str, str, str]]:
    """Place below the system, what is wrong there, and the cure."""
    for field, name in promise.normalisers.items():
        if not is_normaliser(name):
            yield f"{at}.normalisers.{field}", f"is {name!r}: choose one of {', '.join(NAMES)}.", "Correct it."
