"""The Tryton connector's options and how it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from syncline.connectors.protocols.auth import AuthOptions, Credentials
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.options import read_options
from syncline.connectors.protocols.request import WireSettings
from syncline.connectors.spec import Spec
from syncline.connectors.systems.tryton.connector import TrytonConnector
from syncline.connectors.systems.tryton.fields import Rules
from syncline.connectors.systems.tryton.resources import RESOURCES
from syncline.connectors.systems.tryton.session import Account, Session
from syncline.connectors.systems.tryton.ways import WAYS
from syncline.env import Env
from syncline.errors import SetupError
from syncline.ports.connector import Connector

_Seconds = Annotated[float, msgspec.Meta(ge=0)]


class TrytonOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a Tryton system."""

    url: str
    database: str
    user: str
    password: str
    company: int = 1  #: id of the company that records belong to
    resources: tuple[str, ...] = tuple(RESOURCES)
    domains: Mapping[str, list[object]] = {}  #: resource -> Tryton domain of the records that take part
    marker: Mapping[str, str] = {}  #: resource -> where the hub's marker lies, or `none`
    confirm: Literal["none", "quote", "confirm", "process"] = "none"  #: how far a new sale is moved
    advance: Mapping[str, str] = {}  #: resource -> the state that a new record is moved to
    levels: Literal["warehouse", "location"] = "warehouse"  #: by which places stock is shown
    skip_warnings: tuple[str, ...] = ()  #: names of warnings that the hub may acknowledge
    removal: Literal["deactivate", "delete"] = "deactivate"  #: what becomes of an address that is taken away
    address_key: str = ""  #: field that tells addresses apart where the other system knows no id of theirs
    inactive: Literal["record", "tombstone"] = "record"  #: how records with active = false are shown
    overlap: _Seconds = 2.0  #: longest transaction of Tryton [s]
    effect: _Seconds = 60.0  #: longest time a request may run on after we gave up [s]
    timeout: _Seconds = 60.0  #: longest wait for an answer [s]
    page: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200  #: records per read
    ca_file: str = ""  #: certificates to trust instead of the machine's own

    def __repr__(self) -> str:
        """Where it leads; no secret."""
        return f"TrytonOptions({self.url}, {self.database})"


def open_tryton(system: str, options: Mapping[str, object], env: Env) -> Connector:
    """Check the options and make the connector. Nothing is sent."""
    chosen = read_options(TrytonOptions, options, f"systems.{system}")
    _check_names(system, chosen)
    credentials = Credentials(AuthOptions(type="none"), system)
    settings = WireSettings(read=chosen.timeout, total=chosen.timeout, ca_file=chosen.ca_file)
    wire = Wire(system=system, url=chosen.url, credentials=credentials, env=env, settings=settings)
    account = Account(
        database=chosen.database,
        user=chosen.user,
        password=chosen.password,
        company=chosen.company,
        skip_warnings=chosen.skip_warnings,
    )
    session = Session(wire=wire, system=system, account=account)
    return TrytonConnector(system=system, session=session, wire=wire, rules=_rules(chosen), resources=chosen.resources)


def _rules(chosen: TrytonOptions) -> Rules:
    return Rules(
        company=chosen.company,
        markers=chosen.marker,
        domains=chosen.domains,
        advance={**_confirmed(chosen.confirm), **chosen.advance},
        levels=chosen.levels,
        removal=chosen.removal,
        address_key=chosen.address_key,
        inactive=chosen.inactive,
        overlap=chosen.overlap,
        effect=chosen.effect,
        page=chosen.page,
    )


def _confirmed(confirm: str) -> Mapping[str, str]:
    """The older option for sales, in the words of `advance`."""
    states = {"quote": "quotation", "confirm": "confirmed", "process": "processing"}
    return {"sale.sale": states[confirm]} if confirm in states else {}


def _check_names(system: str, chosen: TrytonOptions) -> None:
    options = {"resources": chosen.resources, "domains": chosen.domains, "marker": chosen.marker}
    for option, names in options.items():
        for name in names:
            if name not in RESOURCES:
                what = f"systems.{system}.{option} names {name!r}, which this connector does not know."
                raise SetupError(what, cure=f"It knows {', '.join(RESOURCES)}.")
    for name, state in chosen.advance.items():
        way = WAYS.get(name)
        if way is None or state not in way.wished() or not RESOURCES[name].creatable:
            what = f"systems.{system}.advance.{name} is {state!r}."
            cure = f"Choose one of {', '.join(way.wished())}." if way else f"Choose among {', '.join(WAYS)}."
            raise SetupError(what, cure=cure)
    for name, place in chosen.marker.items():
        allowed = (*RESOURCES[name].markers, "none")
        if place not in allowed:
            what = f"systems.{system}.marker.{name} is {place!r}."
            raise SetupError(what, cure=f"Choose one of {', '.join(allowed)}.")


SPEC = Spec(
    name="tryton",
    summary="Tryton 8: sales, purchases, stock and production through JSON-RPC, with optimistic locking.",
    settings=TrytonOptions,
    open=open_tryton,
)
