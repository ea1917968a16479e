"""Three fates of an error, so that every caller knows what happens next.

SynclineError
├── TransientError      waiting may cure it: try again later
│   ├── BusyError       the system asked us to slow down; nothing was changed
│   ├── DoubtError      the answer was lost: the request may have taken effect
│   └── StoreLostError  the store is out of reach: the run ends, and the hub is opened anew
├── RejectedError       the system or the mapping refused this record: park it and carry on
└── SetupError          a person must act: stop the flow
    ├── StoreFailedError  the store cannot keep anything: the run ends
    │   └── StoreBusyError  another hub holds the store
    ├── ConfigError     the configuration has problems: all of them, each with its place
    ├── BrokenLedgerError  a run whose ledger does not balance
    └── StalePlanError  a side has moved since the plan was made

Each message is one sentence that says what and where; `cure` says what to do. A conflict is no error but a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class SynclineError(Exception):
    """The root: `what` happened and its `cure`, both for the person who reads it."""

    def __init__(self, what: str, *, cure: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure

    def __str__(self) -> str:
        """One or two sentences: what, then the cure."""
        return f"{self.what} {self.cure}".strip()


class TransientError(SynclineError):
    """Try again later; waiting may cure it. `wait` is the pause that the system asked for [s]."""

    def __init__(self, what: str, *, cure: str = "", wait: float | None = None) -> None:
        super().__init__(what, cure=cure)
        self.wait = wait


class BusyError(TransientError):
    """The system asked us to slow down (429, 503); it did not act on the request."""


class DoubtError(TransientError):
    """No trustworthy answer: the request may have taken effect, now or later."""


class StoreLostError(TransientError):
    """The store is out of reach. Nobody knows whether a commit under way happened, so no run goes on after it.

    What a hub holds in memory may now be older than its store: open the hub anew.
    """


class RejectedError(SynclineError):
    """This record was refused; park it, alone, and carry on."""


class SetupError(SynclineError):
    """A person must act; stop the flow."""


class ConfigProblem(NamedTuple):
    """One problem of the configuration, where a person can find it. Lines and columns count from 1."""

    file: str  #: relative to the project folder
    line: int
    column: int
    what: str
    cure: str = ""

    def __str__(self) -> str:
        """One line: the place as editors understand it, what, then the cure."""
        return f"{self.file}:{self.line}:{self.column}  {self.what} {self.cure}".strip()


class ConfigError(SetupError):
    """The configuration has problems; all of them, in the order of the files."""

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class OptionProblem(NamedTuple):
    """One problem of a connector's options, by the dotted name of the option: `systems.crm.auth.type`."""

    option: str
    what: str
    cure: str = ""


class OptionsError(SetupError):
    """The options of a connector have problems; all of them."""

    def __init__(self, problems: Sequence[OptionProblem]) -> None:
        super().__init__(" ".join(one.what for one in problems))
        self.problems = tuple(problems)


class StoreFailedError(SetupError):
    """The store cannot keep what it is given until a person acts. No run goes on without it."""


class StoreBusyError(StoreFailedError):
    """Another hub process holds this store."""


class BrokenLedgerError(SetupError):
    """A run counted records or intents that have no outcome, or more than one."""


class StalePlanError(SetupError):
    """A side has moved since the plan was made; the plan is refused."""
