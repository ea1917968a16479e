"""Telling others what was agreed, as the project says, and what came of it in a sentence."""

from __future__ import annotations

from syncline.app import operations
from syncline.config import Project
from syncline.engine.announce import Announced, Audience
from syncline.engine.hub import Hub
from syncline.env import Env
from syncline.errors import SetupError, StoreFailedError, StoreLostError, SynclineError

_PAUSE = 30.0  #: after the broker could not be told [s]


def tell(hub: Hub, project: Project) -> Announced:
    """Tell whom the project names; SetupError when it names nobody."""
    given = project.publish
    if given is None:
        msg = "The project does not say where agreed changes are told."
        raise SetupError(msg, cure="Add `publish: {to: SYSTEM}` to syncline.yaml.")
    audience = Audience(
        system=given.to, topic=given.topic, entities=frozenset(given.entities), exchange=given.exchange,
        source=given.source,
    )  # fmt: skip
    return operations.publish(hub, audience)


def sentence(told: Announced) -> str:
    """What was told, and why the rest waits."""
    done = f"{told.notices} events told, up to page {told.upto} of the log"
    return f"{done}; the rest waits: {told.waits}" if told.waits else f"{done}."


class Announcing:
    """Tells after each pass of a daemon; when the broker is away, it is asked again only after a while."""

    def __init__(self, project: Project, env: Env) -> None:
        self._project, self._env = project, env
        self._not_before = float("-inf")
        self._said = ""

    def after_pass(self, hub: Hub) -> str:
        """Why something waits to be told, when that was not said before; "" for nothing new."""
        now = self._env.monotonic()
        if self._project.publish is None or now < self._not_before:
            return ""
        try:
            waits = tell(hub, self._project).waits
        except (StoreLostError, StoreFailedError):
            raise
        except SynclineError as error:
            waits = str(error)
        self._not_before = self._env.monotonic() + _PAUSE if waits else now
        said, self._said = self._said, waits
        return f"events wait: {waits}" if waits and waits != said else ""
