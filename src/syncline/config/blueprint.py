"""Blueprints: ready projects for two kinds of systems, kept as data and copied into a new folder."""

from __future__ import annotations

from pathlib import Path

from syncline.config.load import FILE
from syncline.config.problems import suggestion
from syncline.errors import SetupError


def blueprints() -> dict[str, str]:
    """Name -> what it is for: the first line of its README that is no heading."""
    found = (one for one in _root().iterdir() if one.is_dir() and (one / FILE).is_file())
    return {one.name: _summary(one) for one in sorted(found, key=lambda one: one.name)}


def write_blueprint(name: str, folder: Path) -> list[Path]:
    """Copy a blueprint; the files written. Nothing is written where any of them exists already."""
    if name not in blueprints():
        msg = f"There is no blueprint {name}."
        raise SetupError(msg, cure=suggestion(name, blueprints()))
    sources = dict(_files(_root() / name))
    _refuse_existing(folder, list(sources))
    written = []
    for relative, source in sources.items():
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        written.append(target)
    return written


def _refuse_existing(folder: Path, names: list[str]) -> None:
    if (folder / FILE).exists():
        msg = f"{folder} is a project already: it has a {FILE}."
        raise SetupError(msg, cure="Choose an empty folder.")
    there = [name for name in names if (folder / name).exists()]
    if there:
        msg = f"{folder} has files that the blueprint would replace: {', '.join(there)}."
        raise SetupError(msg, cure="Choose an empty folder.")


def _root() -> Path:
    return Path(__file__).with_name("blueprints")


def _files(folder: Path, prefix: str = "") -> list[tuple[str, Path]]:
    found: list[tuple[str, Path]] = []
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_dir():
            found += _files(one, f"{prefix}{one.name}/")
        else:
            found.append((f"{prefix}{one.name}", one))
    return found


def _summary(folder: Path) -> str:
    lines = (folder / "README.md").read_text(encoding="utf-8").splitlines()
    return next((line.strip() for line in lines if line.strip() and not line.startswith("#")), "")
