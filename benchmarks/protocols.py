"""What 100,000 records cost over OData's $batch, GraphQL and SOAP: seconds, CPU and memory of the connector alone.

    .venv/bin/python benchmarks/protocols.py [RECORDS] [odata] [graphql] [soap]

The applications run in processes of their own, so that what is measured is ours. Records are handed over as the hub
does it: a batch at a time, and a page at a time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from syncline.env import RealEnv  # noqa: E402  found beside this file
from syncline.model.page import Batch, Item, Op, Outcome  # noqa: E402
from syncline.ports.connector import Connector  # noqa: E402
from tests.contract import graphql_kit, odata_kit, soap_kit  # noqa: E402

_ENV = RealEnv()
_TOGETHER = 500  #: items that the hub hands over at once
_PAGE = 500


def main() -> None:
    """Measure what is named, or each, and print a table."""
    words = sys.argv[1:]
    count = next((int(one) for one in words if one.isdecimal()), 100_000)
    ways = {"odata": _odata, "graphql": _graphql, "soap": _soap}
    print(f"{'':<28}{'records':>9}{'s':>8}{'CPU s':>8}{'MB more':>9}")
    for name in [one for one in words if one in ways] or list(ways):
        ways[name](count)


def _odata(count: int) -> None:
    products = {**odata_kit.PRODUCTS, "expand": {}}
    for form in ("json", "multipart"):
        with _serving("odata_system") as url:
            options = {"batch": {"format": form, "size": 100}, "page": _PAGE, "resources": {"products": products}}
            with odata_kit.connected(url.removesuffix("/erp/service"), timeout=60, **options) as connector:
                _measure(f"odata $batch {form}", connector, "products", count)


def _graphql(count: int) -> None:
    relay = {**graphql_kit.RELAY, "paging": {"type": "relay", "size": _PAGE}}
    with _serving("graphql_system") as url:
        resources = {"products": {**relay, **graphql_kit.PRODUCTS, "batch": {"size": 50}}}
        with graphql_kit.connected(url.removesuffix("/admin-api"), timeout=60, resources=resources) as connector:
            _measure("graphql aliases", connector, "products", count)


def _soap(count: int) -> None:
    by_key = {**soap_kit.BY_KEY, "paging": {**soap_kit.BY_KEY["paging"], "size": _PAGE}}
    with _serving("soap_system") as url:
        resources = {"orders": {**by_key, **soap_kit.ORDERS}}
        with soap_kit.connected(url.removesuffix("/erp"), timeout=60, resources=resources) as connector:
            _measure("soap", connector, "orders", count)


def _measure(what: str, connector: Connector, resource: str, count: int) -> None:
    connector.check()
    _report(f"{what}: create", count, lambda: _create(connector, resource, count))
    _report(f"{what}: read", count, lambda: _read(connector, resource, count))


def _create(connector: Connector, resource: str, count: int) -> None:
    number_of, price_of = {"products": ("sku", "price"), "orders": ("number", "total")}[resource]
    for start in range(0, count, _TOGETHER):
        items = [
            Item(
                ref=number, op=Op.CREATE, marker=f"m{number}",
                fields={
                    number_of: f"S{number}", "name": f"Screw {number} of steel, galvanised", price_of: f"{number}.50",
                },
            )
            for number in range(start, min(start + _TOGETHER, count))
        ]  # fmt: skip
        receipts = connector.write(Batch(resource=resource, items=items, send_by=_ENV.monotonic() + 600))
        assert all(receipt.outcome is Outcome.DONE and receipt.key for receipt in receipts)  # noqa: S101
        assert len(receipts) == len(items)  # noqa: S101


def _read(connector: Connector, resource: str, count: int) -> None:
    found = sum(len(page.keys) for page in connector.list(resource, None))
    assert found == count, found  # noqa: S101


def _report(what: str, count: int, work: object) -> None:
    before, began, cpu = _resident(), time.monotonic(), time.process_time()
    work()  # type: ignore[operator]  # a plain call
    most = max(before, _peak())
    spent = time.process_time() - cpu
    print(f"{what:<28}{count:>9,}{time.monotonic() - began:>8.1f}{spent:>8.2f}{most - before:>9.1f}", flush=True)


def _resident() -> float:
    """Of this process now, and from here on the peak is counted anew [MB]."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


def _status(name: str) -> float:
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(name))
    return int(line.split()[1]) / 1024


@contextmanager
def _serving(module: str) -> Iterator[str]:
    """An application in a process of its own; its address."""
    command = [sys.executable, "-m", f"tests.contract.{module}"]
    environ = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    with subprocess.Popen(  # noqa: S603  our own server
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ
    ) as one:
        assert one.stdin is not None  # noqa: S101  both are pipes
        assert one.stdout is not None  # noqa: S101
        yield one.stdout.readline().strip()
        one.stdin.close()


if __name__ == "__main__":
    main()
