"""Telling others what was agreed, as the project says, and what came of it in a sentence."""

from __future__ import annotations

from syncline.app import operations
from syncline.config import Project
from syncline.engine.announce import Announced, Audience
from syncline.engine.hub import Hub
from syncline.errors import SetupError


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
