"""Record <-> entity, pure and both ways: the mapping language, its converters, and the laws that keep them honest."""

from __future__ import annotations

from syncline.mapping.cases import run_case
from syncline.mapping.cleaning import Cleaner
from syncline.mapping.compiling import compile_lens
from syncline.mapping.converters import converters
from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter
from syncline.mapping.laws import LawBreak, check_laws, is_lossy
from syncline.mapping.lens import Lens
from syncline.mapping.paths import Path
from syncline.mapping.values import Json, Mapped, Problem, Value
from syncline.model.definitions import Kind

__all__ = [
    "Arguments",
    "Cleaner",
    "Converter",
    "ConverterSpec",
    "Json",
    "Kind",
    "LawBreak",
    "Lens",
    "Mapped",
    "Parameter",
    "Path",
    "Problem",
    "Value",
    "check_laws",
    "compile_lens",
    "converters",
    "is_lossy",
    "run_case",
]
