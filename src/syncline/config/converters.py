"""Converters of the user's own: `converters.py` in the project folder, loaded at start, never taken over a network.

The file holds `CONVERTERS`, a sequence of `syncline.mapping.ConverterSpec`. It is the owner's own program, and runs
with the rights of the hub; so it is loaded only from the project folder itself.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from syncline.errors import SetupError
from syncline.mapping import ConverterSpec

FILE = "converters.py"


def own_program(folder: Path) -> str:
    """The text of the project's file; "" where there is none."""
    file = folder / FILE
    return file.read_bytes().decode(errors="replace") if file.is_file() else ""


def own_converters(folder: Path) -> Sequence[ConverterSpec]:
    """What the project's file names; nothing where there is none. SetupError when it cannot be used."""
    file = folder / FILE
    if not file.is_file():
        return ()
    spec = importlib.util.spec_from_file_location("syncline_project_converters", file)
    if spec is None or spec.loader is None:
        raise SetupError(f"{FILE} cannot be loaded.", cure="Make it a plain Python file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the owner's program raises is told as a problem of that file
        msg = f"{FILE} cannot be loaded: {type(error).__name__}: {error}."
        raise SetupError(msg, cure="Correct it; `python converters.py` shows where it fails.") from error
    found = getattr(module, "CONVERTERS", None)
    if not isinstance(found, (list, tuple)) or not all(isinstance(one, ConverterSpec) for one in found):
        msg = f"{FILE} has no list `CONVERTERS` of ConverterSpec."
        raise SetupError(msg, cure="End it with: CONVERTERS = [ConverterSpec(...)].")
    return tuple(found)
