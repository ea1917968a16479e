"""Receives webhooks: who calls, whether it is now, which records it is about; answered once that is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncline.app.intake import Intake
from syncline.config import Project
from syncline.config.settings import Webhooks
from syncline.env import Env
from syncline.errors import RejectedError, SynclineError
from syncline.model.state import Stream
from syncline.ports.figures import Figures
from syncline.ports.inbox import Message, Place, Telling
from syncline.security.webhooks import Verdict, copy_id, message_id, verdict
from syncline.server.reading import decoded, keys_of, resources_of

PATIENCE = 8.0  #: for the disk [s]; most systems give up after ten
UNKNOWN = "unknown"  #: stands for every system that is none, so that nobody fills the figures with names

_REFUSED = {
    Verdict.UNSIGNED: "This webhook is not signed.",
    Verdict.ALTERED: "The signature does not belong to this webhook.",
    Verdict.STALE: "This webhook was sent too long ago, or in the future.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, and what is counted."""

    status: int
    sentence: str
    outcome: str
    records: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """One system whose webhooks wake flows."""

    settings: Webhooks
    streams: Mapping[str, Sequence[Stream]]  #: by resource


class Receiver:
    """Every webhook of a project, as they come. In the server's loop."""

    def __init__(self, project: Project, intake: Intake, env: Env, metrics: Figures) -> None:
        self._intake, self._env, self._metrics = intake, env, metrics
        self._awaited = awaited(project)

    async def receive(self, system: str, resource: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One webhook; `resource` is "" where its path does not name one."""
        expected = self._awaited.get(system)
        if expected is None or (resource and resource not in expected.streams):
            answer = Answer(404, "No flow waits for a webhook here.", "unknown")
        else:
            answer = await self._receive(system, expected, resource, headers, body)
        self.count(system, answer.outcome)
        return answer

    def count(self, system: str, outcome: str) -> None:
        """A webhook came to this end."""
        self._metrics.webhook(system if system in self._awaited else UNKNOWN, outcome)

    async def _receive(
        self, system: str, expected: Awaited, resource: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        settings = expected.settings
        now = self._env.now().timestamp()
        found = verdict(settings.signing, settings.secrets, headers, body, now=now)
        if found is not Verdict.FINE:
            return Answer(401, _REFUSED[found], found)
        copy, told = copy_id(settings.signing, headers, body), message_id(settings.signing, headers)
        if copy and self._intake.knows(system, copy):
            return Answer(409, "This is a copy of a webhook that was taken before.", "replayed")
        if told and self._intake.knows(system, told):
            return Answer(200, "This webhook was taken before.", "repeated")
        try:
            records = _records(expected, resource, headers, body)
        except RejectedError as error:
            return Answer(400, error.what, "unreadable")
        if not records:
            return Answer(200, "Nothing of this is kept in agreement.", "ignored")
        messages = [Message(system, one, int(now * 1e6)) for one in (copy, told) if one]
        trouble = await self._kept(records, messages)
        if trouble:
            return Answer(503, "This webhook could not be kept. Send it again.", "failed")
        return Answer(202, "Taken.", "taken", len(records))

    async def _kept(self, records: Sequence[Place], messages: Sequence[Message]) -> bool:
        """Wait until it is durable; True when that failed."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[SynclineError | None] = loop.create_future()

        def done(error: SynclineError | None) -> None:
            loop.call_soon_threadsafe(_tell, kept, error)

        self._intake.take(Telling(records=records, messages=messages, done=done))
        try:
            return await asyncio.wait_for(kept, PATIENCE) is not None
        except TimeoutError:
            return True


def _tell(kept: asyncio.Future[SynclineError | None], error: SynclineError | None) -> None:
    if not kept.done():
        kept.set_result(error)


def _records(expected: Awaited, resource: str, headers: Mapping[str, str], body: bytes) -> list[Place]:
    settings = expected.settings
    data = decoded(body)
    if resource:
        names = [resource]
    elif settings.resources:
        names = [name for name in resources_of(settings, data, headers) if name in expected.streams]
    else:
        names = list(expected.streams)
        if len(names) > 1:
            raise RejectedError("Nothing says which resource this is about: call the path that names it.")
    if not names:
        return []
    keys = keys_of(settings, data) if settings.key else [""]
    if not keys:
        raise RejectedError("The body shows no key where the settings say.")
    return [(stream, key) for name in names for stream in expected.streams[name] for key in keys]


def awaited(project: Project) -> dict[str, Awaited]:
    """The systems whose webhooks wake a flow."""
    streams: dict[str, dict[str, list[Stream]]] = {}
    for one in project.flows:
        for side in one.flow.sides:
            if any(when.webhook == side.system for when in one.when):
                of_system = streams.setdefault(side.system, {})
                of_system.setdefault(side.resource, []).append(Stream(side.system, one.flow.entity))
    return {
        name: Awaited(settings=settings, streams=streams[name])
        for name, system in project.systems.items()
        if name in streams and (settings := system.webhooks) is not None
    }
