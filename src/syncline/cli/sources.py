"""The sources of hints that `syncline run` opens: what is to be listened to, and who tells it to the intake.

`when: {webhook: SYSTEM}` is served over HTTP, from the beginning to the end. `when: {event: SYSTEM.TOPIC}` is heard by
that system's connector, as long as the hub that has it is open. Both tell the same intake.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from syncline.app.hearing import Done, Hearing, hearings
from syncline.app.intake import Intake, open_intake
from syncline.app.pulse import Pulse
from syncline.config import Project
from syncline.engine.hub import Hub
from syncline.env import Env
from syncline.errors import SetupError
from syncline.ports.figures import Figures
from syncline.ports.inbox import Place, Source, Telling

_NEEDED = ("litestar", "uvicorn", "prometheus_client")


def listens(project: Project) -> bool:
    """Is there anything to answer: a flow that waits for webhooks, or a server that was asked for?"""
    return project.server is not None or any(when.webhook for one in project.flows for when in one.when)


def new_figures(project: Project) -> Figures | None:
    """What counts for whoever asks; None where nobody can. SetupError when the libraries are missing."""
    if not listens(project):
        return None
    if any(find_spec(name) is None for name in _NEEDED):
        what = "Webhooks, health and metrics need the server."
        raise SetupError(what, cure="Install it with: pip install 'syncline[server]'")
    from syncline.observe.metrics import Metrics

    return Metrics()


def heard_systems(project: Project) -> list[str]:
    """The systems whose events wake a flow."""
    return sorted({when.event.partition(".")[0] for one in project.flows for when in one.when if when.event})


class Ears:
    """What the connectors of one hub are told is listened to, until it is stopped."""

    def __init__(self, hearings: Sequence[Hearing] = ()) -> None:
        self._hearings, self._said = hearings, [one.told for one in hearings]

    @property
    def told(self) -> Sequence[str]:
        """Where it listens, in words."""
        self._said = [one.told for one in self._hearings]
        return self._said

    def news(self) -> list[str]:
        """What is other than it was told last: a broker that is away, or back."""
        said = self._said
        return [now for before, now in zip(said, self.told, strict=True) if before != now]

    def stop(self) -> None:
        """Pass nothing more on."""
        for one in self._hearings:
            one.stop()


def hear(hub: Hub, project: Project, intake: Intake, figures: Figures | None) -> Ears:
    """Listen to what the connectors of this hub are told."""

    def take(records: Sequence[Place], done: Done) -> None:
        intake.take(Telling(records=records, messages=(), done=done))

    def noted(system: str, count: int, trouble: str) -> None:
        if figures is not None:
            figures.heard(system, count, trouble)

    return Ears(hearings(hub, heard_systems(project), take, noted))


@contextmanager
def open_sources(
    project: Project, pulse: Pulse, figures: Figures | None, env: Env
) -> Iterator[tuple[Intake | None, Sequence[Source]]]:
    """Everything that tells us something, and the intake that takes it; no intake where nothing does."""
    if figures is None and not heard_systems(project):
        yield None, ()
        return
    with open_intake(project, env) as intake:
        if figures is None:
            yield intake, ()
            return
        from syncline.server import open_server

        source = open_server(project, intake, pulse, figures, env)
        try:
            yield intake, (source,)
        finally:
            source.stop()
