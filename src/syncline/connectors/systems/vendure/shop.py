"""What the connector has to know of the shop: currency, tax setting, language, digits of money, places of stock."""

from __future__ import annotations

from threading import Lock

import msgspec

from syncline.connectors.protocols.graphql_call import Api
from syncline.connectors.protocols.graphql_document import Variables, alias
from syncline.connectors.protocols.graphql_options import Operation
from syncline.connectors.protocols.graphql_reply import Reply
from syncline.env import Env
from syncline.errors import BusyError, DoubtError, RejectedError, SetupError, SynclineError

_LIFE = 3600.0  #: how long the facts are trusted [s]
_CHANNEL = Operation(field="activeChannel", select="code pricesIncludeTax defaultCurrencyCode defaultLanguageCode")
_SETTINGS = Operation(field="globalSettings", select="serverConfig { moneyStrategyPrecision }")
_LOCATIONS = Operation(field="stockLocations(options: {take: 1000})", select="items { id }")


class _Channel(msgspec.Struct, frozen=True, rename="camel"):
    code: str
    prices_include_tax: bool
    default_currency_code: str
    default_language_code: str


class _Server(msgspec.Struct, frozen=True, rename="camel"):
    money_strategy_precision: int


class _Settings(msgspec.Struct, frozen=True, rename="camel"):
    server_config: _Server


class _Location(msgspec.Struct, frozen=True):
    id: str


class _Locations(msgspec.Struct, frozen=True):
    items: list[_Location]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """How one channel keeps its records."""

    channel: str
    currency: str  #: of `price`
    gross: bool  #: `price` is kept with tax
    language: str  #: in which names are shown and written
    digits: int  #: of money after the point
    locations: tuple[str, ...]  #: where stock lies


class Shop:
    """One channel of one Vendure. Thread-safe."""

    def __init__(self, api: Api, env: Env) -> None:
        self._api = api
        self._env = env
        self._lock = Lock()
        self._facts: Facts | None = None
        self._until = float("-inf")

    @property
    def system(self) -> str:
        """Name of the system, for messages."""
        return self._api.system

    @property
    def facts(self) -> Facts:
        """The facts, asked for once an hour."""
        with self._lock:
            if self._facts is None or self._env.monotonic() >= self._until:
                self._facts = self._asked()
                self._until = self._env.monotonic() + _LIFE
            return self._facts

    def forget(self) -> None:
        """Ask for the facts again when they are needed next."""
        with self._lock:
            self._facts = None

    def read(self, operation: Operation, values: Variables) -> bytes:
        """The answer to a query; b"null" for nothing."""
        reply, _ = self._api.asked([self._api.request("query", operation, "", [values])])[0]
        shown = reply.data.get(alias(0))
        if reply.errors:
            raise self._api.failed_read(reply, reply.errors, f"systems.{self.system}")
        return shown or b"null"

    def run(self, operation: Operation, values: Variables, send_by: float) -> bytes:
        """The answer to a mutation, which is sent once; the error says what became of it."""
        found = self._api.ask_all([self._api.request("mutation", operation, "", [values], send_by)])[0]
        if isinstance(found, SynclineError):
            raise found
        reply = found[0]
        shown = reply.data.get(alias(0))
        if shown is None or reply.errors:
            raise self._unsettled(reply)
        return shown

    def _unsettled(self, reply: Reply) -> SynclineError:
        said = self._api.said(reply.errors)
        what = f"{self.system}: {said}."
        fate = self._api.meaning.of(reply.errors)
        if fate == "busy":
            return BusyError(what, wait=self._api.wait(reply, reply.errors))
        if fate in {"login", "setup"}:
            return SetupError(what, cure=f"Check the rights of systems.{self.system}.user.")
        if fate == "doubt" or not reply.errors:
            return DoubtError(what)
        return RejectedError(what)

    def _asked(self) -> Facts:
        requests = [self._api.request("query", one, "", [{}]) for one in (_CHANNEL, _SETTINGS, _LOCATIONS)]
        shown: list[bytes] = []
        for reply, _ in self._api.asked(requests):
            if reply.errors:
                raise self._api.failed_read(reply, reply.errors, f"systems.{self.system}")
            shown.append(reply.data.get(alias(0)) or b"null")
        try:
            channel = msgspec.json.decode(shown[0], type=_Channel)
            settings = msgspec.json.decode(shown[1], type=_Settings)
            locations = msgspec.json.decode(shown[2], type=_Locations)
        except ValueError as error:
            what = f"{self.system} does not describe itself as Vendure does."
            raise SetupError(what, cure=f"Check systems.{self.system}.url: it leads to Vendure 3 or later.") from error
        return Facts(
            channel=channel.code,
            currency=channel.default_currency_code,
            gross=channel.prices_include_tax,
            language=channel.default_language_code,
            digits=settings.server_config.money_strategy_precision,
            locations=tuple(one.id for one in locations.items),
        )
