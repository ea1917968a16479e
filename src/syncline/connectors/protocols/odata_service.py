"""One OData service as everything that talks to it sees it: addresses, CSRF token, $metadata, and what errors say."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from syncline.connectors.protocols.egress import origin_of
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.odata_metadata import Metadata, read_metadata
from syncline.connectors.protocols.odata_options import ODataOptions
from syncline.connectors.protocols.odata_values import Bodies
from syncline.connectors.protocols.paths import find, shallow, text_of
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.verdict import lost
from syncline.errors import SetupError, SynclineError, TransientError

_WORDS = 500  #: of a system that are kept [characters]
_IN_QUERY = "/:@!'()*,;~"
_COOKIE = re.compile(r",\s*(?=[^;,=\s]+=)")
_ASKS = "required"
_TOKEN = "x-csrf-token"  # noqa: S105  the header's name


class Service:
    """One service root. Thread-safe."""

    def __init__(self, *, wire: Wire, options: ODataOptions) -> None:
        self.wire = wire
        self.options = options
        self.version = options.version
        self._root = options.url.rstrip("/") + "/"
        self._path = urlsplit(self._root).path
        self._reading = threading.Lock()
        self._metadata: Metadata | None = None
        self._renewing = threading.Lock()
        self._token: Mapping[str, str] = {}

    @property
    def system(self) -> str:
        """Name of the system, for messages."""
        return self.wire.system

    # --- addresses ------------------------------------------------------------

    def address(self, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
        """Path and query below the service root; the path is percent-encoded already."""
        given = [*self.options.query.items(), *query]
        asked = "&".join(f"{quote(name, safe='$@-_.')}={quote(value, safe=_IN_QUERY)}" for name, value in given)
        return f"/{path}?{asked}" if asked else f"/{path}"

    def below(self, link: str, asked: str) -> str:
        """A link of the service as an address below its root.

        Raises:
            SetupError: It leads elsewhere, and nobody shall be sent there with our credentials.
        """
        target = urljoin(self._root + asked.removeprefix("/"), link)
        parts = urlsplit(target)
        try:
            is_ours = origin_of(target) == self.wire.origin
        except ValueError:
            is_ours = False
        if not is_ours or not parts.path.startswith(self._path) or ".." in parts.path:
            msg = f"{self.system} names a next page outside its service: {parts.netloc}{parts.path}."
            cure = f"Set systems.{self.system}.url to the address under which the service knows itself."
            raise SetupError(msg, cure=cure)
        return f"/{parts.path.removeprefix(self._path)}" + (f"?{parts.query}" if parts.query else "")

    # --- exchanges ------------------------------------------------------------

    def read(self, address: str, headers: Mapping[str, str] | None = None) -> Request:
        """A request that changes nothing."""
        return Request(path=address, headers={**self._usual(), **(headers or {})})

    def _usual(self) -> dict[str, str]:
        if self.version == "v2":
            return {"Accept": "application/json", "DataServiceVersion": "2.0", "MaxDataServiceVersion": "2.0"}
        return {"Accept": self.json, "OData-Version": "4.0", "OData-MaxVersion": "4.01"}

    @property
    def json(self) -> str:
        """The content type of what is sent and wanted."""
        as_text = self.version == "v4" and self.options.decimals == "text"
        return "application/json;IEEE754Compatible=true" if as_text else "application/json"

    def written(self, request: Request) -> Request:
        """A write with what every write carries."""
        kept = [HTTPStatus.FORBIDDEN] if self.options.csrf else []
        if self.options.codes:  # a service may say its refusal with 500, and then only the code tells
            kept.append(HTTPStatus.INTERNAL_SERVER_ERROR)
        headers = {**self._usual(), **request.headers, **self._token}
        return msgspec.structs.replace(request, headers=headers, writes=True, keeps=kept)

    def send_all(self, requests: Sequence[Request]) -> list[Response | SynclineError]:
        """Exchange writes, several at a time. One that was refused for its token alone is sent again with a new one."""
        if self.options.csrf and not self._token:
            self._renew({})
        token, sent = self._token, [self.written(request) for request in requests]
        answers = self.wire.send_all(sent, self.options.concurrency)
        again = [place for place, answer in enumerate(answers) if _wants_token(answer)]
        if again:
            self._renew(token)
            renewed = [self.written(requests[place]) for place in again]
            for place, answer in zip(again, self.wire.send_all(renewed, self.options.concurrency), strict=True):
                answers[place] = answer
        return [self._allowed(request, answer) for request, answer in zip(sent, answers, strict=True)]

    def _allowed(self, request: Request, answer: Response | SynclineError) -> Response | SynclineError:
        """What was kept from the usual meaning of its status, and has no other, has that one."""
        if isinstance(answer, SynclineError):
            return answer
        if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR and self.code(answer.body) not in self.options.codes:
            return lost(request, f"{self.system} failed (HTTP {answer.status} at {request.place}).")
        if answer.status != HTTPStatus.FORBIDDEN:
            return answer
        what = f"{self.system} does not allow {request.place} (HTTP 403)."
        cure = f"Give the account of systems.{self.system}.auth the right to do this."
        if _wants_token(answer):
            what, cure = f"{self.system} does not accept the token that it gave for {request.place}.", "Check csrf."
        return SetupError(what, cure=cure)

    def _renew(self, old: Mapping[str, str]) -> None:
        """Fetch a token, and the session that it belongs to, unless another thread was quicker."""
        with self._renewing:
            if self._token is not old and self._token != old:
                return
            answer = self.wire.send(self.read(self.address(""), {_TOKEN: "Fetch"}))
            token = answer.headers.get(_TOKEN, "")
            if not token or token.lower() == _ASKS:
                msg = f"{self.system} gives no CSRF token at its service root (HTTP {answer.status})."
                raise SetupError(msg, cure=f"If it wants none, set systems.{self.system}.csrf to false.")
            crumbs = [one.partition(";")[0].strip() for one in _COOKIE.split(answer.headers.get("set-cookie", ""))]
            cookies = {"Cookie": "; ".join(crumbs)} if any(crumbs) else {}
            self._token = {_TOKEN: token, **cookies}

    # --- the description --------------------------------------------------------

    @property
    def metadata(self) -> Metadata:
        """What $metadata says, read once."""
        with self._reading:
            if self._metadata is None:
                self._metadata = self._described()
            return self._metadata

    def _described(self) -> Metadata:
        request = self.read(self.address("$metadata"), {"Accept": "application/xml"})
        answer = self.wire.send(request)
        if not answer.ok:
            raise self.failed_read(request, answer)
        try:
            return read_metadata(answer.body)
        except ValueError as error:
            msg = f"{self.system} describes itself at {request.place} in a way that cannot be read: {error}."
            raise TransientError(msg, cure=f"If it lasts, check systems.{self.system}.url.") from None

    @property
    def bodies(self) -> Bodies:
        """Fields to and from bodies."""
        return Bodies(self.metadata, version=self.version, decimals_as_text=self.options.decimals == "text")

    # --- errors -----------------------------------------------------------------

    def failed_read(self, request: Request, answer: Response) -> SynclineError:
        """The error for an answer to a read that is none."""
        if answer.ok:
            return self.no_json(request, answer)
        what = f"{self.system} refused {request.place}: {self.words(answer.body, answer.status)}."
        return SetupError(what, cure=f"Check systems.{self.system}: url, set, select, filter and since.")

    def no_json(self, request: Request, answer: Response) -> SynclineError:
        """The error for an answer that is no JSON of OData."""
        is_page = answer.body.lstrip()[:1] == b"<"
        kind = "HTML or XML instead of JSON" if is_page else "JSON that ends too early or is none"
        cure = f"If it lasts, check systems.{self.system}.url and version." if is_page else ""
        return lost(request, f"{self.system} answered {kind} at {request.place}.", cure=cure)

    def words(self, body: bytes, status: int) -> str:
        """The service's own words, shortened and without our secrets."""
        document = decoded(body)
        said = list(dict.fromkeys(filter(None, _sentences(find(document, "error")))))
        return self.wire.hide(" ".join(said))[:_WORDS] or self.code(body) or f"HTTP {status}"

    def code(self, body: bytes) -> str:
        """The error's code; "" where there is none."""
        return self.wire.hide(text_of(find(decoded(body), "error.code")))[:_WORDS]


def decoded(body: bytes) -> object:
    """The body as plain JSON; None where it is none."""
    try:
        with shallow():
            return msgspec.json.decode(body)
    except ValueError:
        return None


def _sentences(error: object) -> Iterator[str]:
    """What an error says, of either version, its details too."""
    message = find(error, "message")
    yield text_of(find(message, "value") if isinstance(message, Mapping) else message)
    details = find(error, "details") or find(error, "innererror.errordetails")
    for one in details if isinstance(details, list) else ():
        inner = find(one, "message")
        target = text_of(find(one, "target"))
        said = text_of(find(inner, "value") if isinstance(inner, Mapping) else inner)
        yield f"{target}: {said}" if target and said else said


def _wants_token(answer: Response | SynclineError) -> bool:
    if isinstance(answer, SynclineError) or answer.status != HTTPStatus.FORBIDDEN:
        return False
    return answer.headers.get(_TOKEN, "").lower() == _ASKS
