"""The Vendure connector's options and how it is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from syncline.connectors.protocols.graphql import GraphQLConnector
from syncline.connectors.protocols.graphql_options import Errors, GraphQLOptions, Login, Operation
from syncline.connectors.protocols.options import read_options
from syncline.connectors.protocols.promises import Pace, Promise
from syncline.connectors.spec import Spec
from syncline.connectors.systems.vendure.connector import VendureConnector
from syncline.connectors.systems.vendure.resources import SHOWN, Choice, resource_of
from syncline.connectors.systems.vendure.shapes import Shape
from syncline.connectors.systems.vendure.shop import Shop
from syncline.env import Env
from syncline.errors import SetupError
from syncline.ports.connector import Connector

_Seconds = Annotated[float, msgspec.Meta(ge=0)]
_ENTITIES = tuple(SHOWN)
_NAME = Annotated[str, msgspec.Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]


class VendureOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a Vendure shop."""

    url: str  #: of the server; `/admin-api` is added where it has no path
    user: str
    password: str
    channel: str = ""  #: token of the channel; "" for the default one
    resources: tuple[str, ...] = _ENTITIES
    custom_fields: Mapping[str, Sequence[_NAME]] = {}  #: resource -> custom fields that take part, under `customFields`
    marker: Mapping[str, _NAME] = {}  #: resource -> custom field that carries the hub's marker
    stock: bool = True  #: variants show their stock; sales change it unseen, so each poll reads all variants
    stock_location: str = ""  #: id of the place whose stock is meant; "" for all, or the only one
    method: str = "Syncline"  #: by which goods travel, on fulfilments that the hub makes
    overlap: _Seconds = 2.0  #: longest transaction of Vendure [s]
    effect: _Seconds = 60.0  #: longest time a request may run on after we gave up [s]
    skew: _Seconds = 2.0  #: how far the server's clock may be off [s]
    timeout: _Seconds = 60.0  #: longest wait for an answer [s]
    page: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100  #: records per read; Vendure gives 1000 at most
    batch: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50  #: variants per write, all of them or none
    ca_file: str = ""  #: certificates to trust instead of the machine's own

    def __repr__(self) -> str:
        """Where it leads; no secret."""
        return f"VendureOptions({self.url})"


def open_vendure(system: str, options: Mapping[str, object], env: Env) -> Connector:
    """Check the options and make the connector. Nothing is sent."""
    plain = {name: value for name, value in options.items() if name != "connector"}
    chosen = read_options(VendureOptions, plain, f"systems.{system}")
    _check_names(system, chosen)
    inner = GraphQLConnector(system, _asked(chosen), env)
    shapes = {name: Shape(resource=name, location=chosen.stock_location) for name in chosen.resources}
    return VendureConnector(inner=inner, shop=Shop(inner.api, env), shapes=shapes, method=chosen.method)


def _asked(chosen: VendureOptions) -> GraphQLOptions:
    """The same in the words of the graphql connector."""
    login = Operation(
        field="login(username: $username, password: $password)",
        variables={"username": "String!", "password": "String!"},
        constants={"username": chosen.user, "password": chosen.password},
        select="__typename ... on ErrorResult { message }",
    )
    return GraphQLOptions(
        url=_address(chosen.url),
        login=Login(operation=login, header="vendure-auth-token"),
        headers={"vendure-token": chosen.channel} if chosen.channel else {},
        errors=Errors(types={"EmailAddressConflictError": "duplicate"}),
        timeout=chosen.timeout,
        limits=Pace(per_second=50.0, burst=50),
        contract=Promise(precision=1.0, lag=chosen.overlap, settle=0.0, effect=chosen.effect, skew=chosen.skew),
        resources={name: resource_of(SHOWN[name], _choice(chosen, name)) for name in chosen.resources},
        ca_file=chosen.ca_file,
    )


def _choice(chosen: VendureOptions, name: str) -> Choice:
    return Choice(
        page=chosen.page,
        batch=chosen.batch,
        stock=chosen.stock,
        custom=chosen.custom_fields.get(name, ()),
        marker=chosen.marker.get(name, ""),
    )


def _address(url: str) -> str:
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/admin-api"


def _check_names(system: str, chosen: VendureOptions) -> None:
    named = {"resources": chosen.resources, "custom_fields": chosen.custom_fields, "marker": chosen.marker}
    for option, names in named.items():
        for name in names:
            if name not in SHOWN:
                what = f"systems.{system}.{option} names {name!r}, which this connector does not know."
                raise SetupError(what, cure=f"It knows {', '.join(SHOWN)}.")
    if not chosen.resources:
        raise SetupError(f"systems.{system}.resources is empty.", cure="Name one, or leave it out for all.")
    if "orders" in chosen.marker:
        raise SetupError(f"systems.{system}.marker names orders, which the hub never makes.", cure="Leave it out.")


SPEC = Spec(
    name="vendure",
    summary="Vendure 3: customers, products, variants with price and stock, and orders, through its GraphQL API.",
    settings=VendureOptions,
    open=open_vendure,
)
