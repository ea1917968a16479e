"""What the MES tells of its changes: to a URL by signed messages, or to RabbitMQ.

Where to is one setting, kept on the disk. A message tells that something changed, with the status and the version of
that moment; it may be older than what one reads next.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from syncline.sandbox.amqp import Exchange
from syncline.sandbox.faults import Faults
from syncline.sandbox.mes import Mes
from syncline.sandbox.mes_words import stamped, wrong
from syncline.sandbox.serve import Background
from syncline.sandbox.state import Change, Fields, encode
from syncline.sandbox.webhooks import Message, Postman, stamped_headers

SIGNATURE = "X-Mes-Signature"
_SECRET_MIN = 16
_WORDS = {"created": "CREATED", "updated": "CHANGED", "deleted": "DELETED"}


class Events:
    """The one target of the MES's events."""

    def __init__(self, mes: Mes) -> None:
        self._mes = mes
        self._postman = Postman(mes.tally)
        self._exchange = Exchange(mes.tally)
        mes.state.told = self._tell

    def background(self, faults: Faults) -> Iterable[Background]:
        """What brings the messages, for as long as the application is served."""
        self._postman.settings = lambda: faults.settings
        return (self._postman.at_work, self._exchange.at_work)

    def aim(self, given: Fields) -> None:
        """Tell this target from now on: {"url": "http://...", "secret": "..."}; an empty url tells nobody."""
        url, secret = given.get("url"), given.get("secret", "")
        if not isinstance(url, str) or not isinstance(secret, str):
            raise wrong("url", "TEXT", "url and secret: texts expected")
        scheme = urlsplit(url).scheme
        if url and scheme not in {"http", "https", "amqp", "amqps"}:
            raise wrong("url", "URL", "url: http, https, amqp or amqps expected")
        if scheme.startswith("http") and len(secret) < _SECRET_MIN:
            raise wrong("secret", "LENGTH", f"secret: at least {_SECRET_MIN} characters")
        if scheme.startswith("amqp"):
            self._exchange.check()
        self._mes.state.set_meta("events_url", url)
        self._mes.state.set_meta("events_secret", secret)

    def shown(self) -> Fields:
        """Where events go; the secret is never shown, nor what an address says of user and password."""
        parts = urlsplit(str(self._mes.state.meta("events_url") or ""))
        plain = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        return {"url": plain.geturl(), "signed": parts.scheme.startswith("http")}

    def _tell(self, change: Change) -> None:
        url = str(self._mes.state.meta("events_url") or "")
        if not url:
            return
        event = self._event(change)
        if url.startswith("amqp"):
            self._exchange.publish(url, f"{change.resource}.{change.what}", encode(event))
            return
        body = encode(event)
        secret = str(self._mes.state.meta("events_secret"))
        self._postman.post(Message(url=url, body=body, headers=stamped_headers(SIGNATURE, body, secret)))

    def _event(self, change: Change) -> Fields:
        state = self._mes.state
        row = state.get(change.resource, change.key)
        fields = row.fields() if row else {}
        return {
            "eventNo": state.next_number("events"),
            "event": f"{change.resource}.{_WORDS[change.what]}",
            "resource": change.resource,
            "key": change.key,
            "rowVersion": fields.get("rowVersion"),
            "status": fields.get("status"),
            "at": stamped(state.clock.now_ms()),
        }
