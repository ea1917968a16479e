"""Kinto, a store of JSON records behind an API of its own, installed into a folder of its own."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping

from tests.live.node_server import HOME, NotToBeHadError, free_port, running

USER, PASSWORD = "hub", "integration-user-pw"
RECORDS = "/buckets/shop/collections/customers/records"
_PACKAGES = ("kinto==26.5.0", "waitress==3.0.2")
_SETTINGS = """
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}

[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.includes = kinto.plugins.accounts
kinto.userid_hmac_secret = only-for-this-process
kinto.account_create_principals = system.Everyone
kinto.bucket_create_principals = system.Authenticated
kinto.experimental_collection_schema_validation = true
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.authentication.AccountsAuthenticationPolicy
"""
#: What a customer may have; anything else is refused.
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": ["string", "null"]}, "city": {"type": ["string", "null"]}, "hub": {"type": "string"},
        "credit": {"type": ["string", "null"]}, "since": {"type": ["string", "null"], "maxLength": 40},
    },
}  # fmt: skip


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of the API of a fresh server with one collection."""
    home, port = HOME / "kinto", free_port()
    python = home / "venv" / "bin" / "python"
    stamp = home / "installed.stamp"
    if not stamp.exists() or stamp.read_text() != "\n".join(_PACKAGES):
        home.mkdir(parents=True, exist_ok=True)
        _run(sys.executable, "-m", "venv", "--clear", str(home / "venv"))
        _run(str(python), "-m", "pip", "install", "--quiet", *_PACKAGES)
        stamp.write_text("\n".join(_PACKAGES))
    (home / "kinto.ini").write_text(_SETTINGS.format(port=port))
    command = [str(home / "venv" / "bin" / "kinto"), "start", "--ini", "kinto.ini"]
    with running(home, command, port, {}, path="/v1/") as origin:
        url = f"{origin.replace('localhost', '127.0.0.1')}/v1"
        _put(f"{url}/accounts/{USER}", {"password": PASSWORD}, login=False)
        _put(f"{url}/buckets/shop", {})
        _put(f"{url}/buckets/shop/collections/customers", {"schema": _SCHEMA})
        yield url


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        reason = f"{' '.join(command[1:4])} failed: {done.stderr.strip()[-300:]}"
        raise NotToBeHadError(reason)


def _put(url: str, data: Mapping[str, object], *, login: bool = True) -> None:
    headers = {"Content-Type": "application/json"}
    if login:
        headers["Authorization"] = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
    request = urllib.request.Request(url, json.dumps({"data": data}).encode(), headers, method="PUT")  # noqa: S310
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310  loopback
        pass
