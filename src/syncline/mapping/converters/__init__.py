"""The converters that a mapping can name, from text and numbers to countries and clocks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from syncline.mapping.converters import codes, identifiers, numbers, shapes, texts, times, world
from syncline.mapping.converting import ConverterSpec

_SPECS = {
    spec.name: spec
    for module in (texts, numbers, times, codes, world, identifiers, shapes)
    for spec in sorted(module.SPECS, key=lambda spec: spec.name)
}

__all__ = ["converters"]


def converters() -> Mapping[str, ConverterSpec]:
    """Every converter by its name; the reference page is made from this."""
    return MappingProxyType(_SPECS)
