"""How the hub shows a system who it is: the credentials of every request, and tokens before they expire."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote_plus

import msgspec

from syncline.connectors.protocols.request import Request, Response
from syncline.errors import SetupError, TransientError
from syncline.security.redaction import redact

_EARLY = 60.0  #: a token is replaced this long before it expires [s]
_USUAL_LIFE = 3600.0  #: of a token whose answer does not tell [s]

Kind = Literal["none", "basic", "bearer", "api-key", "oauth2"]
#: What each kind needs, so that a missing setting is named.
NEEDS: Mapping[Kind, tuple[str, ...]] = {
    "none": (),
    "basic": ("user", "password"),
    "bearer": ("token",),
    "api-key": ("key",),
    "oauth2": ("token_url", "client_id", "client_secret"),
}


class AuthOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Credentials of one system."""

    type: Kind = "none"
    user: str = ""
    password: str = ""
    token: str = ""
    key: str = ""
    header: str = ""  #: name of the header that carries an API key
    param: str = ""  #: name of the query parameter that carries an API key, if no header does
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""

    def __repr__(self) -> str:
        """The kind alone: everything else may be a secret."""
        return f"AuthOptions(type={self.type!r})"


class _TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: float | str | None = None


class Credentials:
    """What every request carries, and for OAuth2 the token of the moment, renewed by one thread at a time."""

    def __init__(self, options: AuthOptions, system: str) -> None:
        self._options = options
        self._system = system
        self._token = options.token
        self._fresh_until = float("inf")
        if options.type == "oauth2":
            self._token, self._fresh_until = "", float("-inf")

    def __repr__(self) -> str:
        """The kind alone."""
        return f"Credentials({self._options.type})"

    @property
    def token_url(self) -> str:
        """Where tokens are asked for; "" for credentials that never change."""
        return self._options.token_url if self._options.type == "oauth2" else ""

    @property
    def setting(self) -> str:
        """The setting that a person has to look at when the system refuses us."""
        last = {"bearer": "token", "basic": "password", "api-key": "key", "oauth2": "client_secret"}
        field = last.get(self._options.type, "type")
        return f"systems.{self._system}.auth.{field}"

    def is_fresh(self, now: float) -> bool:
        """Can the token still be used?"""
        return now < self._fresh_until

    @property
    def token(self) -> str:
        """The token of the moment, to tell whether another request has already renewed it."""
        return self._token

    def headers(self) -> dict[str, str]:
        """The headers that show who we are."""
        options = self._options
        match options.type:
            case "basic":
                pair = base64.b64encode(f"{options.user}:{options.password}".encode()).decode()
                return {"Authorization": f"Basic {pair}"}
            case "bearer" | "oauth2":
                return {"Authorization": f"Bearer {self._token}"}
            case "api-key" if not options.param:
                return {options.header or "X-API-Key": options.key}
        return {}

    def query(self) -> list[tuple[str, str]]:
        """The query parameters that show who we are."""
        options = self._options
        return [(options.param, options.key)] if options.type == "api-key" and options.param else []

    def hide(self, text: str) -> str:
        """The text without our secrets, should a system repeat one."""
        options = self._options
        return redact(text, (options.password, options.token, options.key, options.client_secret, self._token))

    def token_request(self) -> Request:
        """Ask for a token by client credentials (RFC 6749, 4.4)."""
        options = self._options
        fields = {"grant_type": "client_credentials", **({"scope": options.scope} if options.scope else {})}
        pair = base64.b64encode(f"{quote_plus(options.client_id)}:{quote_plus(options.client_secret)}".encode())
        return Request(
            method="POST",
            path=options.token_url,
            headers={
                "Authorization": f"Basic {pair.decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body="&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode(),
        )

    def accept(self, answer: Response, now: float) -> None:
        """Take the token from the answer; SetupError when the request for it was refused."""
        if not answer.ok:
            msg = f"{self._system} gave no token (HTTP {answer.status})."
            raise SetupError(
                msg,
                cure=f"Check systems.{self._system}.auth: token_url, client_id and client_secret.",
            )
        try:
            found = msgspec.json.decode(answer.body, type=_TokenAnswer)
            life = float(found.expires_in) if found.expires_in is not None else _USUAL_LIFE
        except ValueError:  # msgspec's errors are ValueErrors; their text may quote the token
            msg = f"{self._system} answered something else than a token."
            raise TransientError(msg) from None
        self._token = found.access_token
        self._fresh_until = now + max(life - _EARLY, life / 2)
