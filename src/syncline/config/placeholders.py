"""Values that are not in the files: `${NAME}` of the environment, `${NAME:-default}`, and `${secret:NAME}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from syncline.config.problems import Problems, Route, named
from syncline.errors import SetupError
from syncline.ports.secrets import Secrets
from syncline.security import Secret

_PLACEHOLDER = re.compile(r"\$(?P<escaped>\$)?\{(?P<secret>secret:)?(?P<name>[^{}:]*)(?::-(?P<default>[^{}]*))?\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Placeholders(msgspec.Struct, frozen=True, kw_only=True):
    """Fills placeholders in; a text that took in a secret is a Secret as a whole."""

    environ: Mapping[str, str]
    secrets: Secrets
    problems: Problems

    def filled(self, value: object, route: Route) -> object:
        """A copy of nested data without placeholders."""
        if isinstance(value, dict):
            return {key: self.filled(below, (*route, key)) for key, below in value.items()}
        if isinstance(value, list):
            return [self.filled(below, (*route, index)) for index, below in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._text(value, route)
        return value

    def _text(self, text: str, route: Route) -> str | Secret:
        has_secret = any(found["secret"] and not found["escaped"] for found in _PLACEHOLDER.finditer(text))
        filled = _PLACEHOLDER.sub(lambda found: self._one(found, route), text)
        return Secret(filled) if has_secret else filled

    def _one(self, found: re.Match[str], route: Route) -> str:
        if found["escaped"]:
            return found.group()[1:]
        name = found["name"]
        if not _NAME.fullmatch(name):
            self.problems.add(route, f"{named(route)}: `{found.group()}` names nothing.", "Write ${NAME}.")
            return ""
        if found["secret"]:
            return self._secret(name, route)
        value = self.environ.get(name) or found["default"]
        if value is None:
            cure = f"Set it with `export {name}=...`, or write ${{{name}:-default}}."
            self.problems.add(route, f"{named(route)}: the environment variable {name} is not set.", cure)
        return value or ""

    def _secret(self, name: str, route: Route) -> str:
        try:
            return self.secrets.secret(name)
        except SetupError as error:
            self.problems.add_error(route, error)
            return ""
