"""What every request of the rest connector shares: its address, its headers, and what an answer says beside records."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from syncline.connectors.protocols.answers import Fate
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.paths import find, shallow, text_of
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.rest_options import Errors, ResourceOptions
from syncline.connectors.protocols.verdict import lost
from syncline.errors import BusyError, RejectedError, SetupError, SynclineError, TransientError

_WORDS = 500  #: of a system that are kept [characters]


class Call:
    """One resource of one system, as seen by who talks to it."""

    def __init__(self, *, wire: Wire, name: str, resource: ResourceOptions, errors: Errors) -> None:
        self.wire = wire
        self.name = name
        self.resource = resource
        self.errors = errors

    @property
    def system(self) -> str:
        """Name of the system, for messages."""
        return self.wire.system

    @property
    def setting(self) -> str:
        """Where the resource is configured."""
        return f"systems.{self.system}.resources.{self.name}"

    def path_of(self, key: str, template: str = "") -> str:
        """The path of a single record."""
        if key in {"", ".", ".."}:
            msg = f"{self.system}.{self.name}: {key!r} cannot be a key in a path."
            raise RejectedError(msg)
        return (template or self.resource.one or f"{self.resource.path}/{{key}}").replace("{key}", quote(key, safe=""))

    def listed(self, query: Sequence[tuple[str, str]] = (), url: str = "") -> Request:
        """A request for the list, or for a page of it that the system gave a URL."""
        if url:
            return Request(path=url if url.startswith(("http://", "https://")) else _rooted(url, self.resource.path))
        return Request(path=self.resource.path, query=[*self.resource.query.items(), *query])

    # --- what an answer says ----------------------------------------------------

    def document(self, request: Request, answer: Response) -> object:
        """The answer as plain JSON; None for an empty one. Raises when it is none, or an error behind HTTP 200."""
        if not answer.body:
            return None
        try:
            with shallow():
                return msgspec.json.decode(answer.body)
        except ValueError:
            raise self.no_json(request, answer) from None

    def no_json(self, request: Request, answer: Response) -> SynclineError:
        """The error for an answer that is no JSON."""
        start = answer.body.lstrip()[:1]
        is_page = start == b"<" or "html" in answer.headers.get("content-type", "")
        kind = "HTML instead of JSON" if is_page else "JSON that ends too early or is none"
        page_cure = f"If it lasts, check systems.{self.system}.url: a sign-in or maintenance page answers."
        cure = page_cure if is_page else ""
        return lost(request, f"{self.system} answered {kind} at {request.place}.", cure=cure)

    def is_error(self, document: object) -> bool:
        """Is this the error that hides behind HTTP 200?"""
        flag = self.errors.in_200
        return flag is not None and isinstance(document, dict) and flag.holds(find(document, flag.field))

    def fate(self, document: object) -> Fate | None:
        """What the error's code means; None where the code does not say."""
        code = text_of(find(document, self.errors.code)) if self.errors.code else ""
        return self.errors.codes.get(code)

    def words(self, document: object, status: int, own: str = "") -> str:
        """The system's own words, shortened and without our secrets."""
        for path in (own, self.errors.message):
            found = find(document, path) if path else None
            if found:
                return self.wire.hide(text_of(found))[:_WORDS]
        code = text_of(find(document, self.errors.code)) if self.errors.code else ""
        return self.wire.hide(code)[:_WORDS] or f"HTTP {status}"

    def failed_read(self, request: Request, answer: Response) -> SynclineError:
        """The error for a list or search that brought no list."""
        try:
            document = self.document(request, answer)
        except SynclineError as error:
            if answer.ok:
                return error
            document = None
        words = self.words(document, answer.status)
        what = f"{self.system} refused {request.place}: {words}."
        if not answer.ok:
            return SetupError(what, cure=f"Check {self.setting}: path, query and paging.")
        if not self.is_error(document):
            where = self.resource.rows or "its top"
            what = f"{self.system} answered {request.place} without a list at {where}."
            return TransientError(what, cure=f"If it lasts, check {self.setting}.rows.")
        return BusyError(what) if self.fate(document) == "busy" else TransientError(what)


def _rooted(url: str, path: str) -> str:
    """A relative URL of a next page: "?page=2" stays on the list's path."""
    return url if url.startswith("/") else path + url if url.startswith("?") else f"/{url}"
