"""Checks of the sql connector's options, all of them at once, each problem with its place and its cure. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from syncline.connectors.protocols.egress import is_forbidden
from syncline.connectors.protocols.options import read_options
from syncline.connectors.protocols.promises import promise_problems
from syncline.connectors.protocols.sql_options import SCHEMES, SqlOptions, SqlResource
from syncline.errors import OptionProblem, OptionsError

_NAME = re.compile(r"[^\x00.]{1,128}(\.[^\x00.]{1,128})?")


def read_sql_options(system: str, given: Mapping[str, object]) -> SqlOptions:
    """The options of a system, checked completely; OptionsError with all problems at once."""
    path = f"systems.{system}"
    plain = {name: value for name, value in given.items() if name != "connector"}
    options = read_options(SqlOptions, plain, path)
    problems = [
        OptionProblem(f"{path}.{where}", f"{path}.{where} {what}", cure) for where, what, cure in _problems(options)
    ]
    if problems:
        raise OptionsError(problems)
    return options


_Problem = tuple[str, str, str]


def _problems(options: SqlOptions) -> Iterator[_Problem]:
    yield from _place_problems(options)
    if not options.resources:
        yield "resources", "is empty.", "Name at least one table."
    try:
        ZoneInfo(options.zone)
    except (ValueError, OSError):  # no such zone is a kind of KeyError or OSError, by the machine's data
        yield "zone", "is no time zone.", "Write it as Europe/Berlin."
    except KeyError:
        yield "zone", "is no time zone.", "Write it as Europe/Berlin."
    yield from promise_problems("contract", options.contract)
    for name, resource in options.resources.items():
        for where, what, cure in _resource_problems(resource):
            yield f"resources.{name}.{where}", what, cure


def _place_problems(options: SqlOptions) -> Iterator[_Problem]:
    try:
        parts = urlsplit(options.url)
        port = parts.port
    except ValueError:
        yield "url", "is no URL.", "Write postgresql://host:port/name."
        return
    if parts.scheme not in SCHEMES:
        yield "url", "names no database that is known.", f"Begin it with one of {', '.join(SCHEMES)}, and ://."
    elif parts.query or parts.fragment:
        yield "url", "has a query.", "Leave out what follows the `?`; each setting has an option of its own."
    elif len(parts.path) < 2:  # noqa: PLR2004  a slash and a name
        yield "url", "names no database.", "Write its name behind the last slash."
    elif parts.scheme == "sqlite" and (parts.netloc or options.socket):
        yield "url", "of SQLite has no host.", "Write sqlite:/// and the path of the file."
    elif parts.scheme != "sqlite":
        yield from _host_problems(options, parts)
    if port is not None and not port:
        yield "url", "has the port 0.", "Write the port that the server listens on."


def _host_problems(options: SqlOptions, parts: SplitResult) -> Iterator[_Problem]:
    host = parts.hostname or ""
    if bool(host) == bool(options.socket):
        yield "url", "and `socket` must name one place.", "Write a host in the URL, or the option socket."
    if host and _is_forbidden(host):
        yield "url", "leads to an address that no database has.", "Write the address of the server."
    if bool(options.tls.cert_file) != bool(options.tls.key_file):
        yield "tls", "needs cert_file and key_file together.", "Set both or none."
    if options.tls.mode == "off" and (options.tls.ca_file or options.tls.cert_file):
        yield "tls", "is off and names certificates.", "Set mode: verify."


def _is_forbidden(host: str) -> bool:
    try:
        return is_forbidden(host)
    except ValueError:  # a name
        return False


def _resource_problems(resource: SqlResource) -> Iterator[_Problem]:
    for where, table in _tables(resource):
        if not _NAME.fullmatch(table):
            yield where, "is no name of a table.", "Write name, or schema.name."
    if resource.writes.delete == "soft" and resource.deleted is None:
        yield "deleted", "is missing: a soft delete sets its column.", "Name the column."
    if resource.counts and not resource.version:
        yield "version", "is missing: counts adds one to it.", "Name the column."
    if resource.version and resource.version in resource.where:
        yield "version", "is also in where.", "Choose another column."
    for name in resource.lines:
        if name in resource.fields:
            yield f"lines.{name}", "is also a column.", "Give the list another name."
    yield from promise_problems("contract", resource.contract)


def _tables(resource: SqlResource) -> Iterator[tuple[str, str]]:
    yield "table", resource.table
    if resource.tombstones:
        yield "tombstones.table", resource.tombstones.table
    for name, lines in resource.lines.items():
        yield f"lines.{name}.table", lines.table
