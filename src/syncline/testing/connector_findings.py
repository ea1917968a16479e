"""What the connector kit finds out about one resource of one system, and keeps where somebody asks for it.

With SYNCLINE_KIT=FOLDER in the environment each suite that has a `title` writes `FOLDER/TITLE.json`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Concatenate, ParamSpec, Protocol, TypeVar

import msgspec
import pytest

from syncline.model.contract import Contract

FOLDER = "SYNCLINE_KIT"  #: the variable that names the folder of the reports


_LONG = 60


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A time or granularity of the contract beside what was measured."""

    declared: float  #: [s]
    measured: float  #: the largest of the samples [s]; 0: it was there at the first look
    samples: int


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One value that was written and read back."""

    field: str
    sent: str
    shown: str | None  #: None: null, absent, or refused
    became: str  #: `as sent`, `refused`, `changed`, or the normalisers that explain what is shown


class Findings(msgspec.Struct, kw_only=True):
    """Everything one suite saw of one resource. A test that failed is no finding but a name in `failed`."""

    title: str
    connector: str = ""  #: its published name
    server: str = ""  #: the program of others that it was tried on; "" where the other side is a test's own
    open: bool = False  #: it asks for no credentials, so that nothing about them can be tried
    resource: str = ""
    contract: Contract | None = None
    shown: list[str] = []  #: promises whose test came to its end
    unclaimed: dict[str, str] = {}  #: test -> why it was skipped
    failed: list[str] = []
    measured: dict[str, Taken] = {}  #: by the name of the contract's field
    values: list[Sample] = []  #: a report keeps those that are not shown as they were sent, long ones shortened
    learned: dict[str, list[str]] = {}  #: system field -> normalisers that three samples agree on

    def keep(self) -> None:
        """Write the report where the environment says; nowhere otherwise."""
        folder = os.environ.get(FOLDER, "")
        if not folder or not self.title:
            return
        place = Path(folder) / f"{self.title}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        told = msgspec.structs.replace(
            self,
            shown=sorted(set(self.shown) - set(self.failed)),
            failed=sorted(set(self.failed)),
            values=[_short(one) for one in self.values if one.became != "as sent"],
        )
        plain = msgspec.json.encode(msgspec.to_builtins(told, order="sorted"))
        place.write_bytes(msgspec.json.format(plain, indent=2) + b"\n")


def _short(one: Sample) -> Sample:
    sent, shown = (text if text is None or len(text) <= _LONG else f"{text[:_LONG]}... ({len(text)})"
                   for text in (one.sent, one.shown))  # fmt: skip
    return msgspec.structs.replace(one, sent=sent or "", shown=shown)


class Finding(Protocol):
    """A suite that keeps its findings."""

    findings: ClassVar[Findings]


_Suite = TypeVar("_Suite", bound=Finding)
_Given = ParamSpec("_Given")


def promise(test: Callable[Concatenate[_Suite, _Given], None]) -> Callable[Concatenate[_Suite, _Given], None]:
    """Mark a test of the kit: what became of it is kept among the findings, under its name as a sentence."""
    name = test.__name__.removeprefix("test_").replace("_", " ")

    @functools.wraps(test)
    def run(suite: _Suite, /, *args: _Given.args, **kwargs: _Given.kwargs) -> None:
        try:
            test(suite, *args, **kwargs)
        except pytest.skip.Exception as skipped:
            suite.findings.unclaimed[name] = str(skipped.msg)
            raise
        except BaseException:
            suite.findings.failed.append(name)
            raise
        suite.findings.shown.append(name)

    return run
