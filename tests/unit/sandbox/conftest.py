"""Simulated applications as real processes, spoken to over HTTP."""

import pytest

from syncline.sandbox.process import start
from tests.unit.sandbox.caller import Caller

#: Application -> what of it other applications know, too.
SEEDED = {
    "crm": ["customers"],
    "erp": ["items"],
    "products": ["products", "feedback_items", "features", "releases"],
    "scm": ["Materials", "StockLevels", "Suppliers"],
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def _crm(folder):
    with start("crm", data=folder, seed=7, size=120) as process:
        yield Caller(process=process)


@pytest.fixture(scope="session")
def _erp(folder):
    with start("erp", data=folder, seed=7, size=120) as process:
        yield Caller(process=process)


@pytest.fixture(scope="session")
def _products(folder):
    with start("products", data=folder, seed=7, size=120) as process:
        yield Caller(process=process)


@pytest.fixture
def products(_products):
    yield _products
    _products.faults()


@pytest.fixture(scope="session")
def _scm(folder):
    with start("scm", data=folder, seed=7, size=120) as process:
        yield Caller(process=process)


@pytest.fixture
def scm(_scm):
    yield _scm
    _scm.faults()


@pytest.fixture(scope="session")
def untouched(tmp_path_factory):
    """What each application has at its start, of the same seed and size; closed again before anybody touches it."""
    folder = tmp_path_factory.mktemp("untouched")
    kept = {}
    for kind, resources in SEEDED.items():
        with start(kind, data=folder, seed=7, size=60) as process:
            caller = Caller(process=process)
            for name in resources:
                kept[name] = caller.dump(name)
                kept[f"truth/{name}"] = caller.get(f"/_sandbox/truth/{name}")
    return kept


@pytest.fixture
def crm(_crm):
    yield _crm
    _crm.faults()


@pytest.fixture
def erp(_erp):
    yield _erp
    _erp.faults()
