"""The sandbox's SCM and product management as a project of the hub configures them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

import syncline.config
from syncline.config import load_project
from syncline.security import EnvSecrets, revealed

RESOURCES = Path(syncline.config.__file__).parent / "blueprints" / "all" / "systems"
SCM_SECRET = "scm-token"
PRODUCTS_SECRET = "products-token"
_FACTS = {"lag": 1.0, "settle": 0.0, "effect": 2.0, "skew": 0.1}
_PACE = {"per_second": 500, "burst": 500}


def scm_options(url: str, password: str = SCM_SECRET, **more: object) -> dict[str, object]:
    """The SCM as a system, with the resources that the blueprint brings."""
    system = {
        "connector": "odata",
        "url": f"{url}/odata/v4/scm",
        "auth": {"type": "basic", "user": "hub", "password": password},
        "csrf": True,
        "batch": {"format": "json", "size": 100},
        "limits": _PACE,
        "contract": {"precision": 0.001, **_FACTS},
        **more,
    }
    return _loaded("scm", msgspec.json.encode(system).decode())


def products_options(url: str, token: str = PRODUCTS_SECRET, **more: object) -> dict[str, object]:
    """The product management as a system, with the resources that the blueprint brings."""
    system = {
        "connector": "graphql",
        "url": f"{url}/graphql",
        "auth": {"type": "bearer", "token": token},
        "limits": _PACE,
        "contract": {"precision": 0.001, **_FACTS},
        "errors": {"types": {"DuplicateReference": "duplicate", "NotFound": "gone", "VersionConflict": "stale"}},
        **more,
    }
    return _loaded("products", msgspec.json.encode(system).decode())


@cache
def _loaded(name: str, system: str) -> dict[str, object]:
    with TemporaryDirectory() as folder:
        (Path(folder) / "resources.yaml").write_bytes((RESOURCES / f"{name}.yaml").read_bytes())
        system = f'{system[:-1]},"resources": !include resources.yaml}}'
        (Path(folder) / "syncline.yaml").write_text(f"project: tried\nsystems:\n  {name}: {system}\n")
        project = load_project(Path(folder), environ={}, secrets=EnvSecrets({}))
    return {**revealed(project.systems[name].options), "timeout": 5}  # type: ignore[dict-item]
