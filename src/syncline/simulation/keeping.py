"""Keep what breaks an invariant, cut down, as a file that can be played again."""

from __future__ import annotations

import re
from pathlib import Path

from syncline.simulation.campaign import Judged, judge
from syncline.simulation.drawing import draw
from syncline.simulation.shape import Shape
from syncline.simulation.shrinking import Regression, breaks, decode_regression, encode_regression, shrink


def keep_smallest(shape: Shape, one: Judged, folder: Path) -> Path:
    """Cut the history of a seed down to what breaks its first invariant, and keep that; where it was kept."""
    invariant = one.violations[0].invariant
    smallest = shrink(draw(shape, one.seed), breaks(invariant, shape))
    found = [broken.what for broken in judge(smallest, shape).violations if broken.invariant == invariant]
    kept = Regression(invariant=invariant, what=found[0] if found else "", script=smallest)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{re.sub(r'[^a-z0-9]+', '-', invariant.lower())}-{one.seed}.json"
    path.write_bytes(encode_regression(kept))
    return path


def kept_in(folder: Path) -> dict[str, Regression]:
    """Every regression of a folder, by its file's name."""
    return {path.stem: decode_regression(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
