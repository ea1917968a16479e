"""What every protocol on HTTP makes of the same settings: times of the wire, and promises laid over a contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from syncline.connectors.protocols.request import WireSettings
from syncline.connectors.protocols.rest_options import Promise, Timeouts
from syncline.model.contract import Contract, Deletes, ReadBack


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


def promised(contract: Contract, promise: Promise) -> Contract:
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
