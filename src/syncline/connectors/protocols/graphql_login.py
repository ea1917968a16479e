"""A session of a GraphQL API: a mutation opens it, its token goes along with every request, and it is opened again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from syncline.connectors.protocols.auth import AuthOptions, Credentials
from syncline.connectors.protocols.graphql_document import alias, document
from syncline.connectors.protocols.graphql_options import Login
from syncline.connectors.protocols.graphql_reply import read_reply, words
from syncline.connectors.protocols.paths import find, text_of
from syncline.connectors.protocols.request import Request, Response
from syncline.errors import SetupError, TransientError
from syncline.security.redaction import redact

_encode = msgspec.json.encode


class SessionCredentials(Credentials):
    """The token of the moment. The wire asks for one before the first request, and when the system forgets it."""

    def __init__(self, login: Login, url: str, system: str) -> None:
        super().__init__(AuthOptions(), system)
        self._login = login
        self._url = url
        self._fresh_until = float("-inf")

    def __repr__(self) -> str:
        """The kind alone."""
        return "SessionCredentials()"

    @property
    def token_url(self) -> str:
        """Where sessions are opened: where everything else is asked, too."""
        return self._url

    @property
    def setting(self) -> str:
        """The setting that a person has to look at when the system refuses us."""
        return f"systems.{self._system}.login"

    def headers(self) -> dict[str, str]:
        """The header that carries the token."""
        scheme = f"{self._login.scheme} " if self._login.scheme else ""
        return {self._login.sent_as: f"{scheme}{self._token}"} if self._token else {}

    def hide(self, text: str) -> str:
        """The text without our secrets, should a system repeat one."""
        return redact(text, [*_texts(self._login.operation.constants), self._token])

    def expire(self, token: str) -> None:
        """The system no longer knows this token: the next request opens a session first."""
        if token == self._token:
            self._fresh_until = float("-inf")

    def token_request(self) -> Request:
        """Open a session."""
        text, variables = document("mutation", self._login.operation, "__typename", [{}])
        return Request(
            method="POST",
            path=self._url,
            headers={"Content-Type": "application/json"},
            body=_encode({"query": text, "variables": variables}),
        )

    def accept(self, answer: Response, now: float) -> None:
        """Take the token from the answer; SetupError when we were not let in."""
        try:
            reply = read_reply(answer.body)
            shown = msgspec.json.decode(reply.data.get(alias(0)) or b"null")
        except ValueError:
            msg = f"{self._system} answered its login with something else than GraphQL (HTTP {answer.status})."
            raise TransientError(msg, cure=f"If it lasts, check systems.{self._system}.url.") from None
        login = self._login
        token = answer.headers.get(login.header.lower(), "") if login.header else text_of(find(shown, login.token))
        if not token or reply.errors:
            said = self.hide(words(reply.errors) or text_of(find(shown, "message")) or f"HTTP {answer.status}")
            msg = f"{self._system} does not let us in: {said}."
            raise SetupError(msg, cure=f"Check {self.setting}.")
        self._token = token
        self._fresh_until = now + login.life


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, however deep. Very short ones no redaction strikes out."""
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for one in inner:
        yield from _texts(one)
