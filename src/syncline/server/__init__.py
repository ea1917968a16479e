"""What the daemon answers over HTTP: webhooks, how it is, and its figures. Asynchronous; the engine is not."""

from __future__ import annotations

from syncline.app.intake import Intake
from syncline.app.pulse import Pulse
from syncline.config import Project
from syncline.config.settings import ServerSettings
from syncline.env import Env
from syncline.ports.figures import Figures
from syncline.ports.inbox import Source
from syncline.server.application import application
from syncline.server.receiver import Receiver
from syncline.server.serving import Serving

__all__ = ["open_server"]


def open_server(project: Project, intake: Intake, pulse: Pulse, metrics: Figures, env: Env) -> Source:
    """Listen where the project says; SetupError when nothing can listen there."""
    settings = project.server or ServerSettings()
    receiver = Receiver(project, intake, env, metrics)
    app = application(receiver, pulse, metrics, intake, body_limit=settings.body_limit)
    return Serving(app, settings.host, settings.port)
