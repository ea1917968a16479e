"""The sandbox's CRM and ERP as any stranger meets them: over their own HTTP APIs.

Standard library only, and nothing of Syncline: what is read here is what the applications say of themselves.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, Any]

_WAIT_S = 30.0


class RefusedError(Exception):
    """An application did not take what it was given; the message is in its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """The CRM: bearer token, pages by cursor, PATCH."""

    url: str
    token: str = "crm-token"  # noqa: S105  the sandbox's own token is no secret

    def every(self, resource: str) -> list[Fields]:
        """Every record, archived ones too."""
        found: list[Fields] = []
        cursor: str | None = ""
        while cursor is not None:
            query = urllib.parse.urlencode({"limit": 500, **({"cursor": cursor} if cursor else {})})
            page = self._ask("GET", f"/api/{resource}?{query}")
            found += page["data"]
            cursor = page["next_cursor"]
        return found

    def get(self, resource: str, key: object) -> Fields:
        """One record."""
        return self._ask("GET", f"/api/{resource}/{key}")

    def change(self, resource: str, key: object, fields: Mapping[str, object]) -> Fields:
        """Edit a record as a user would."""
        return self._ask("PATCH", f"/api/{resource}/{key}", fields)

    def create(self, resource: str, fields: Mapping[str, object]) -> Fields:
        """Enter a new record."""
        return self._ask("POST", f"/api/{resource}", fields)

    def delete(self, resource: str, key: object) -> None:
        """Delete a record for good."""
        self._ask("DELETE", f"/api/{resource}/{key}")

    def _ask(self, method: str, path: str, body: object = None) -> Fields:
        return ask(method, self.url + path, body, f"Bearer {self.token}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erp:
    """The ERP: HTTP Basic, numbered pages, PUT, and refusals with HTTP 200."""

    url: str
    user: str = "hub"
    password: str = "erp-token"  # noqa: S105  the sandbox's own password is no secret

    def every(self, resource: str) -> list[Fields]:
        """Every record, inactive ones too."""
        return [row for page in self._pages(resource) for row in page["rows"]]

    def _pages(self, resource: str) -> Iterator[Fields]:
        number, last = 1, 1
        inactive = "" if resource == "salesdocs" else "&inactive=1"
        while number <= last:
            page = self._ask("GET", f"/rest/{resource}?per_page=100&page={number}{inactive}")
            number, last = number + 1, page["pages"]
            yield page

    def get(self, resource: str, key: object) -> Fields:
        """One record."""
        return self._ask("GET", f"/rest/{resource}/{key}")

    def change(self, resource: str, key: object, fields: Mapping[str, object]) -> Fields:
        """Edit a record as a user would."""
        return _row(self._ask("PUT", f"/rest/{resource}/{key}", fields))

    def create(self, resource: str, fields: Mapping[str, object]) -> Fields:
        """Enter a new record."""
        return _row(self._ask("POST", f"/rest/{resource}", fields))

    def delete(self, resource: str, key: object) -> None:
        """Set a record inactive, which is all that this application knows."""
        _row(self._ask("DELETE", f"/rest/{resource}/{key}"))

    def advance(self, number: object) -> Fields:
        """Move a sales document one state on."""
        return _row(self._ask("POST", f"/rest/salesdocs/{number}/advance"))

    def _ask(self, method: str, path: str, body: object = None) -> Fields:
        return ask(method, self.url + path, body, basic(self.user, self.password))


def side_door(url: str, path: str, body: object = None, *, method: str = "") -> Fields:
    """The sandbox's own door: faults, people, counts. No real system has it."""
    return ask(method or ("GET" if body is None else "POST"), f"{url}/_sandbox/{path}", body, "")


def _row(answer: Fields) -> Fields:
    if answer.get("ok") is False:
        raise RefusedError(str(answer.get("msg")))
    row: Fields = answer["row"]
    return row


def basic(user: str, password: str) -> str:
    """What HTTP Basic sends of a user and a password."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def ask(method: str, url: str, body: object, authorization: str) -> Fields:
    """Send JSON, and read the JSON that comes back."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": authorization} if authorization else {})}
    text = ask_text(method, url, data, headers)
    answer: Fields = json.loads(text) if text else {}
    return answer


def ask_text(method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> str:
    """Send bytes, and read the text that comes back; RefusedError with the words of whoever says no."""
    request = urllib.request.Request(url, data, dict(headers), method=method)  # noqa: S310  always http on this machine
    try:
        with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:  # noqa: S310
            text: str = answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            raise RefusedError(f"HTTP {error.code}: {error.read().decode(errors='replace')[:500]}") from None
    return text
