"""Mapping cases tried: records with the entities that they must become. No system is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncline.config import Project
from syncline.mapping import run_case


def run_cases(project: Project, flows: Sequence[str] = ()) -> list[CaseResult]:
    """Try every mapping case of the project, or of some flows; no system is asked."""
    return [
        CaseResult(
            flow=one.flow.name,
            system=case.system,
            name=case.name,
            file=case.place.file,
            line=case.place.line,
            differences=tuple(run_case(one.lenses[case.system], case.said)),
        )
        for one in project.flows
        if not flows or one.flow.name in flows
        for case in one.cases
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One mapping case: what differs, nothing where it holds."""

    flow: str
    system: str
    name: str
    file: str
    line: int
    differences: tuple[str, ...]
