"""Applications of the blueprint `all` as a project would name them: the heads here, the resources in the blueprint."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import syncline.config
from syncline.config import load_project
from syncline.security import EnvSecrets, revealed

SYSTEMS = Path(syncline.config.__file__).with_name("blueprints") / "all" / "systems"

MES = """
    connector: rest
    url: "{place}"
    auth: {{type: basic, user: hub, password: "{secret}"}}
    limits: {{per_second: 500, burst: 500}}
    timeout: 5
    contract: {{precision: 0.001, lag: 1, settle: 0, effect: 2, skew: 0.1, read_back: body}}
    errors:
      in_200: {{field: fault}}
      message: fault.text
      code: fault.code
      codes: {{BUSY: busy, STALE: stale, DUPLICATE: duplicate, UNKNOWN: gone}}
"""

CRM = """
    connector: rest
    url: "{place}"
    auth: {{type: bearer, token: "{secret}"}}
    limits: {{per_second: 500, burst: 500}}
    timeout: 5
    contract: {{precision: 0.001, lag: 1, settle: 0, effect: 2, skew: 0.1, read_back: body}}
    errors: {{in_200: {{field: error}}, message: error.message, code: error.code, codes: {{busy: busy}}}}
"""

WAREHOUSE = """
    connector: sql
    url: "sqlite:///{place}"
    # the program stamps a row when it begins with it, and writes it down at most 2 s later
    contract: {{precision: 0.001, lag: 3, settle: 0, effect: 5, skew: 0.1, read_back: verbatim}}
"""

DOCUMENTS = """
    connector: soap
    wsdl: "{place}/soap/documents?wsdl"
    auth: {{type: basic, user: hub, password: "{secret}"}}
    limits: {{per_second: 500, burst: 500}}
    timeout: 5
    contract: {{precision: 1, lag: 1, settle: 0, effect: 2, skew: 0.1, read_back: body}}
    faults:
      code: DocumentFault.Code
      codes: {{E404: gone, E409: duplicate, E412: stale, E429: busy, E999: busy}}
"""

DROP = """
    connector: files
    folder: "{place}"
"""


def system_options(system: str, head: str, place: str, secret: str = "") -> dict[str, object]:
    """The options of one system, read from a project as `syncline` reads it."""
    with TemporaryDirectory() as folder:
        shutil.copy(SYSTEMS / f"{system}.yaml", folder)
        written = head.format(place=place, secret=secret).rstrip()
        text = f"project: all\nsystems:\n  {system}:{written}\n    resources: !include {system}.yaml\nflows: {{}}\n"
        (Path(folder) / "syncline.yaml").write_text(text)
        environ: Mapping[str, str] = {}
        project = load_project(Path(folder), environ=environ, secrets=EnvSecrets(environ))
    options = revealed(project.systems[system].options)
    assert isinstance(options, dict)
    return options
