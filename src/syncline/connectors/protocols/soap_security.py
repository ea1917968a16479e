"""Who asks, told in the header of the envelope: the UsernameToken of WS-Security 1.0."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping

from syncline.connectors.protocols.auth import Credentials
from syncline.connectors.protocols.soap_options import SoapOptions, UsernameToken
from syncline.connectors.protocols.soap_values import escaped
from syncline.env import Env
from syncline.security.redaction import redact

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_WSSE = f"{_OASIS}-wssecurity-secext-1.0.xsd"
_WSU = f"{_OASIS}-wssecurity-utility-1.0.xsd"
_PROFILE = f"{_OASIS}-username-token-profile-1.0"
_BASE64 = f"{_OASIS}-soap-message-security-1.0#Base64Binary"
_NONCE = 16  #: [bytes]


class EnvelopeCredentials(Credentials):
    """Credentials of the HTTP header, which also know the secrets that travel in the envelope."""

    def __init__(self, options: SoapOptions, system: str) -> None:
        super().__init__(options.auth, system)
        token = options.username_token
        self._more = [*_texts(options.soap_headers), *([token.password] if token else [])]
        self._is_inside = bool(self._more) and options.auth.type == "none"

    def __repr__(self) -> str:
        """The kind alone."""
        return "EnvelopeCredentials()"

    @property
    def setting(self) -> str:
        """The setting that a person has to look at when the system refuses us."""
        return f"systems.{self._system}.username_token" if self._is_inside else super().setting

    def hide(self, text: str) -> str:
        """The text without our secrets, should a system repeat one."""
        return redact(super().hide(text), self._more)


def security_header(token: UsernameToken, env: Env, soap: str) -> str:
    """The header; with a digest it is another one in every request, since a nonce counts once.

    Args:
        token: User and password.
        env: Where time and the nonce come from.
        soap: Prefix of the envelope's namespace.
    """
    user = escaped(token.user)
    if not token.digest:
        inner = f'<wsse:Password Type="{_PROFILE}#PasswordText">{escaped(token.password)}</wsse:Password>'
    else:
        nonce = env.random().randbytes(_NONCE)
        created = env.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        mixed = nonce + created.encode() + token.password.encode()
        digest = base64.b64encode(hashlib.sha1(mixed).digest()).decode()  # noqa: S324  what the standard says
        shown = base64.b64encode(nonce).decode()
        inner = (
            f'<wsse:Password Type="{_PROFILE}#PasswordDigest">{digest}</wsse:Password>'
            f'<wsse:Nonce EncodingType="{_BASE64}">{shown}</wsse:Nonce><wsu:Created>{created}</wsu:Created>'
        )
    return (
        f'<wsse:Security xmlns:wsse="{_WSSE}" xmlns:wsu="{_WSU}" {soap}:mustUnderstand="1"><wsse:UsernameToken>'
        f"<wsse:Username>{user}</wsse:Username>{inner}</wsse:UsernameToken></wsse:Security>"
    )


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, however deep. Very short ones no redaction strikes out."""
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for one in inner:
        yield from _texts(one)
