"""Three-way merge: what the systems agree on, and where they do not. Pure: no I/O, no clock."""

from syncline.merging.lines import as_lines, without_fields
from syncline.merging.merge import Decision, Merge, Observation, Shadow, Unit, Verdict, merge
from syncline.merging.normalise import LEARNABLE, NAMES, explain, is_normaliser, normalise

__all__ = [
    "LEARNABLE",
    "NAMES",
    "Decision",
    "Merge",
    "Observation",
    "Shadow",
    "Unit",
    "Verdict",
    "as_lines",
    "explain",
    "is_normaliser",
    "merge",
    "normalise",
    "without_fields",
]
