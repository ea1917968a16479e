"""Pure decisions about data quality: rules over columns, patterns without backtracking, profiles, and the figures.

Nothing here reads a clock, a file or a store: `engine` brings the values and the instants.
"""

from __future__ import annotations

from syncline.quality.exchange import HOUR, Exchange
from syncline.quality.pattern import Pattern
from syncline.quality.profile import EntityProfile, FieldProfile, Profiler
from syncline.quality.rules import Failure, Known, failures
from syncline.quality.shares import Light, percentile, wilson

__all__ = [
    "HOUR",
    "EntityProfile",
    "Exchange",
    "Failure",
    "FieldProfile",
    "Known",
    "Light",
    "Pattern",
    "Profiler",
    "failures",
    "percentile",
    "wilson",
]
